/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Runs the capability parser over input files, without a fuzzer and under any compiler: the seeds
 * of the corpus, or what the fuzzer found. A file whose name begins with good- or bad- must be
 * taken or refused accordingly.
 *
 * usage: caps_replay FILE...
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caps_input.h"

#define INPUT_MAX 8192

static bool
is_expected(const char *path, int ret)
{
	const char *name = strrchr(path, '/');

	name = name != NULL ? name + 1 : path;
	if (strncmp(name, "good-", 5) == 0)
		return ret == 0;
	if (strncmp(name, "bad-", 4) == 0)
		return ret < 0;
	return true;
}

static bool
replay(const char *path)
{
	uint8_t data[INPUT_MAX];
	const char *why = NULL;
	FILE *f = fopen(path, "rb");
	size_t size;
	bool ok;
	int ret;

	if (f == NULL) {
		perror(path);
		return false;
	}
	size = fread(data, 1, sizeof(data), f);
	fclose(f);
	ret = caps_input_run(data, size, &why);
	ok = is_expected(path, ret);
	printf("%s: %s%s: %s\n", path, ok ? "" : "UNEXPECTED: ", ret == 0 ? "taken" : "refused",
		why != NULL ? why : "ok");
	return ok;
}

int
main(int argc, char **argv)
{
	unsigned int failed = 0;
	int i;

	for (i = 1; i < argc; i++)
		failed += !replay(argv[i]);
	printf("%u passed, %u failed\n", (unsigned int)(argc - 1) - failed, failed);
	return argc > 1 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
