/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The script's output. Owns the place that lines are said of; one thread.
 */
#include <stdarg.h>
#include <stdio.h>

#include "say.h"

static char place[128];

void
diff_place(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(place, sizeof(place), format, args);
	va_end(args);
}

void
diff_say(const char *key, const char *format, ...)
{
	va_list args;

	printf("%s %s = ", place, key);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}
