/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Runs pf-forward (tests/tools) for a test: a bad line between two programs.
 *
 *   static const char *const args[] = { "--map",
 *     "127.0.0.1:0=127.0.0.1:9777", "--down", "drop=30000", NULL };
 *   PfForwarder line;
 *
 *   PF_REQUIRE (pf_forwarder_start (&line, getenv ("PF_FORWARD"), args));
 *   ... pf_forwarder_port (&line, 0) ...
 *   stats = pf_forwarder_stop (&line);
 *   PF_CHECK (pf_forwarder_count (stats, "down", "lost") > 0);
 *   pf_json_free (stats);
 *
 * It ends when the test does, however that ends. Nothing here waits for more
 * than ten seconds.
 */
#ifndef PF_FORWARDER_H
#define PF_FORWARDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pf-json.h"

typedef struct {
  pid_t pid;
  int in, out; /* its standard input and output */
  PfJsonDoc *listening;
} PfForwarder;

/* args ends with NULL; --control is added. False, with a note, on failure. */
bool pf_forwarder_start (
    PfForwarder *forwarder, const char *program, const char *const *args);

/* Port of the map with this number (of a range: each port); 0 if none. */
unsigned pf_forwarder_port (const PfForwarder *forwarder, size_t map);

/* "down drop=50000", "rebind": takes effect soon. */
bool pf_forwarder_command (PfForwarder *forwarder, const char *command);

/* Counts so far, after the commands given before; NULL on failure. */
PfJsonDoc *pf_forwarder_stats (PfForwarder *forwarder);

/* Ends it: its counts, NULL on failure. To be called once after a start that
 * went well. */
PfJsonDoc *pf_forwarder_stop (PfForwarder *forwarder);

/* A count; direction is "up", "down" or, for the others, NULL. UINT64_MAX if
 * there is no such. */
uint64_t pf_forwarder_count (
    const PfJsonDoc *stats, const char *direction, const char *name);

#endif /* PF_FORWARDER_H */
