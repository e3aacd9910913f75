/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
/* Fills in faults; nothing else. Any thread. */
#include <stdarg.h>
#include <stdio.h>

#include "fault.h"

int
virtio_vdpa_fault_set(struct virtio_vdpa_fault *fault, enum rte_pmd_vdpa_virtio_reason reason,
	int error, const char *format, ...)
{
	va_list ap;

	fault->reason = reason;
	fault->error = error;
	va_start(ap, format);
	vsnprintf(fault->text, sizeof(fault->text), format, ap);
	va_end(ap);
	return error;
}
