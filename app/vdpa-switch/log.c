/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 */
#include <stdarg.h>
#include <stdio.h>

#include <rte_string_fns.h>

#include "log.h"

int vsw_logtype;

void
vsw_log_init(void)
{
	int type = rte_log_register_type_and_pick_level("vsw", RTE_LOG_INFO);

	/* No memory for a type of its own: the user types need no registration. */
	vsw_logtype = type < 0 ? RTE_LOGTYPE_USER1 : type;
}

int
vsw_err_set(struct vsw_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return code;
}

void
vsw_err_about(struct vsw_err *err, const char *what, const char *name)
{
	struct vsw_err old = *err;
	size_t used = snprintf(err->text, sizeof(err->text), "%s %s: ", what, name);

	if (used < sizeof(err->text))
		strlcpy(err->text + used, old.text, sizeof(err->text) - used);
}
