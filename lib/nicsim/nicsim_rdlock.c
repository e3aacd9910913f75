/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The lock of the switch's tables. Owns which slot a thread uses. Any thread. A reader waits for at
 * most one change: it then has the mutex itself.
 */
#include <sched.h>

#include "nicsim_rdlock.h"

#define BY_MUTEX NICSIM_RDLOCK_SLOTS /* token of a reader that has the mutex */

static unsigned int rdlock_threads; /* that had a slot assigned */
static __thread unsigned int rdlock_slot; /* 1 + its number; 0: none yet */

void
nicsim_rdlock_init(struct nicsim_rdlock *l)
{
	unsigned int i;

	for (i = 0; i < NICSIM_RDLOCK_SLOTS; i++)
		l->slot[i].readers = 0;
	l->stopped = 0;
	pthread_mutex_init(&l->mutex, NULL);
}

void
nicsim_rdlock_fini(struct nicsim_rdlock *l)
{
	pthread_mutex_destroy(&l->mutex);
}

unsigned int
nicsim_rdlock_read(struct nicsim_rdlock *l)
{
	unsigned int slot;

	if (rdlock_slot == 0)
		rdlock_slot = 1 + __atomic_fetch_add(&rdlock_threads, 1, __ATOMIC_RELAXED) %
			NICSIM_RDLOCK_SLOTS;
	slot = rdlock_slot - 1;
	/* One total order: either this sees the stop, or the one who stops sees this reader. */
	__atomic_fetch_add(&l->slot[slot].readers, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&l->stopped, __ATOMIC_SEQ_CST) == 0)
		return slot;
	__atomic_fetch_sub(&l->slot[slot].readers, 1, __ATOMIC_RELEASE);
	pthread_mutex_lock(&l->mutex);
	return BY_MUTEX;
}

void
nicsim_rdlock_read_end(struct nicsim_rdlock *l, unsigned int token)
{
	if (token == BY_MUTEX)
		pthread_mutex_unlock(&l->mutex);
	else
		__atomic_fetch_sub(&l->slot[token].readers, 1, __ATOMIC_RELEASE);
}

void
nicsim_rdlock_hold(struct nicsim_rdlock *l)
{
	pthread_mutex_lock(&l->mutex);
}

void
nicsim_rdlock_release(struct nicsim_rdlock *l)
{
	pthread_mutex_unlock(&l->mutex);
}

void
nicsim_rdlock_stop(struct nicsim_rdlock *l)
{
	unsigned int i;

	__atomic_store_n(&l->stopped, 1, __ATOMIC_SEQ_CST);
	/* No reader comes in any more, and those that are in there neither wait nor loop. */
	for (i = 0; i < NICSIM_RDLOCK_SLOTS; i++)
		while (__atomic_load_n(&l->slot[i].readers, __ATOMIC_SEQ_CST) != 0)
			sched_yield();
}

void
nicsim_rdlock_go(struct nicsim_rdlock *l)
{
	__atomic_store_n(&l->stopped, 0, __ATOMIC_SEQ_CST);
}
