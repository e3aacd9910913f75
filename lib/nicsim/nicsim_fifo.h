/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/**
 * @file
 * Frames in a ring of bytes, from one thread to one other. Either end may be another thread from
 * one call to the next, as long as something orders them.
 */
#ifndef NICSIM_FIFO_H
#define NICSIM_FIFO_H

#include "nicsim_frame.h"
#include "nicsim_port.h"

/** Frames that one ring can hold, at most: records are a header of 16 bytes and multiples of 16. */
#define NICSIM_FIFO_FRAMES (NICSIM_PORT_RING / 32)

struct nicsim_fifo {
	uint8_t *buf; /**< NICSIM_PORT_RING bytes, 16-aligned; NULL: not in use. */
	/** Positions count up without end, modulo 2^32. Atomic; each is followed by what that end
	 *  saw of the other one when it last looked. */
	uint32_t head __attribute__((aligned(64)));
	uint32_t seen_tail;
	uint32_t tail __attribute__((aligned(64)));
	uint32_t seen_head;
};

/** Where a frame's bytes are that is put in. */
struct nicsim_piece {
	const void *const *data;
	const uint32_t *len;
	unsigned int n;
};

/** @param len  of all pieces. @return false: no room */
bool nicsim_fifo_put(struct nicsim_fifo *f, const struct nicsim_piece *piece, uint32_t len,
	const struct nicsim_meta *meta);

/** Emptying end: bytes of the next frame; 0 there is none. meta may be NULL. */
uint32_t nicsim_fifo_peek(struct nicsim_fifo *f, struct nicsim_meta *meta);

/** Emptying end: copy the frame that nicsim_fifo_peek() told of, and take it out. buf NULL: only
 *  take it out. @param len  as peeked */
void nicsim_fifo_take(struct nicsim_fifo *f, void *buf, uint32_t len);

/** Any thread. */
bool nicsim_fifo_is_empty(const struct nicsim_fifo *f);

/** Filling end, after a put: whether that frame is the only one, as of now. If it is not, the other
 *  end has yet to look once more, and will see it then. */
bool nicsim_fifo_was_empty(const struct nicsim_fifo *f, uint32_t len);

#endif /* NICSIM_FIFO_H */
