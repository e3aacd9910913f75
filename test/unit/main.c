/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vdpa-virtio authors
 *
 * The unit-test runner, in the way of dpdk-test: commands NAME_autotest from the command line, from
 * the environment (DPDK_TEST) or from a prompt. Owns the list of suites and the counts. One thread.
 * Starts no EAL: a suite that needs it asks for it.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "ut.h"

#define UT_PROMPT "VDPA>>"
#define UT_LINE 256

static struct ut_suite *ut_suites;
static struct {
	unsigned int passed, failed, skipped;
} ut_count;

void
ut_register(struct ut_suite *suite)
{
	struct ut_suite **at = &ut_suites;

	while (*at != NULL && strcmp((*at)->name, suite->name) < 0)
		at = &(*at)->next;
	suite->next = *at;
	*at = suite;
}

static double
ut_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
ut_case_run(const struct ut_suite *suite, const struct ut_case *c)
{
	double start = ut_now();
	int ret = c->run();
	const char *verdict;

	if (ret == 0) {
		verdict = "ok";
		ut_count.passed++;
	} else if (ret == UT_SKIPPED) {
		verdict = "skipped";
		ut_count.skipped++;
	} else {
		verdict = "FAILED";
		ut_count.failed++;
	}
	printf("  %s: %s: %s (%.3f s)\n", suite->name, c->name, verdict, ut_now() - start);
	fflush(stdout);
}

static void
ut_suite_run(const struct ut_suite *suite)
{
	unsigned int failed = ut_count.failed, passed = ut_count.passed;
	const struct ut_case *c;

	printf("%s (%s)\n", suite->name, suite->tag);
	for (c = suite->cases; c->name != NULL; c++)
		ut_case_run(suite, c);
	if (ut_count.failed != failed)
		printf("Test Failed\n");
	else
		printf(ut_count.passed != passed ? "Test OK\n" : "Test Skipped\n");
}

static void
ut_help(void)
{
	const struct ut_suite *s;

	printf("Commands:\n");
	for (s = ut_suites; s != NULL; s = s->next)
		printf("  %s_autotest (%s)\n", s->name, s->tag);
	printf("  fast, integration, lab: all suites of that kind\n"
	       "  all: all suites\n"
	       "  help, list: this text\n"
	       "  quit\n");
}

static bool
ut_matches(const struct ut_suite *s, const char *command)
{
	size_t len = strlen(s->name);

	if (strcmp(command, "all") == 0 || strcmp(command, s->tag) == 0)
		return true;
	return strncmp(command, s->name, len) == 0 && strcmp(command + len, "_autotest") == 0;
}

/* A kind of which there is no suite runs nothing, and says so by its count. */
static bool
ut_is_kind(const char *command)
{
	return strcmp(command, "fast") == 0 || strcmp(command, "integration") == 0 ||
	       strcmp(command, "lab") == 0;
}

static bool
ut_command(const char *command)
{
	const struct ut_suite *s;
	bool found = ut_is_kind(command);

	if (strcmp(command, "help") == 0 || strcmp(command, "list") == 0) {
		ut_help();
		return true;
	}
	for (s = ut_suites; s != NULL; s = s->next) {
		if (ut_matches(s, command)) {
			ut_suite_run(s);
			found = true;
		}
	}
	if (!found)
		printf("%s: no such command; help lists them\n", command);
	return found;
}

/* @return false where a command was not known */
static bool
ut_prompt(void)
{
	char line[UT_LINE], *word, *save;
	bool known = true;

	for (;;) {
		printf(UT_PROMPT);
		fflush(stdout);
		if (fgets(line, sizeof(line), stdin) == NULL)
			return known;
		for (word = strtok_r(line, " \t\r\n", &save); word != NULL;
			word = strtok_r(NULL, " \t\r\n", &save)) {
			if (strcmp(word, "quit") == 0)
				return known;
			if (!ut_command(word))
				known = false;
		}
	}
}

int
main(int argc, char **argv)
{
	const char *env = getenv("DPDK_TEST");
	bool known = true;
	int i;

	for (i = 1; i < argc; i++)
		known = ut_command(argv[i]) && known;
	if (argc == 1 && env != NULL && env[0] != '\0') {
		known = ut_command(env);
	} else if (argc == 1) {
		known = ut_prompt();
		printf("\n");
	}
	ut_eal_fini();
	printf("%u passed, %u failed", ut_count.passed, ut_count.failed);
	if (ut_count.skipped != 0)
		printf(", %u skipped", ut_count.skipped);
	printf("\n");
	return known && ut_count.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
