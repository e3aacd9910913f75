/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * Runs the ring engine over input files, without a fuzzer and under any compiler: the seeds of the
 * corpus, or what the fuzzer found. A file whose name begins with good- must take chains, give them
 * back and end without an error; one with bad-ERROR- must end in that error.
 *
 * usage: ring_replay FILE...
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nicsim_ring.h"
#include "ring_input.h"

#define INPUT_MAX 8192

static bool
is_expected(const char *path, int ret, const struct ring_outcome *out)
{
	const char *name = strrchr(path, '/'), *error = nicsim_ring_error_name(out->error);

	name = name != NULL ? name + 1 : path;
	if (strncmp(name, "good-", 5) == 0)
		return ret == 0 && out->error == NICSIM_RING_OK && out->popped != 0 &&
		       out->pushed == out->popped;
	if (strncmp(name, "bad-", 4) == 0)
		return ret == 0 && strncmp(name + 4, error, strlen(error)) == 0 &&
		       name[4 + strlen(error)] == '-';
	return true;
}

static bool
replay(const char *path)
{
	struct ring_outcome out = { 0 };
	uint8_t data[INPUT_MAX];
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
	ret = ring_input_run(data, size, &out);
	ok = is_expected(path, ret, &out);
	printf("%s: %s%u taken, %u given back, %s\n", path, ok ? "" : "UNEXPECTED: ", out.popped,
		out.pushed, ret != 0 ? "refused" : nicsim_ring_error_name(out.error));
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
