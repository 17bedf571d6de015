/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pf-host serve as a program, with a directory of its own, and pf-host pair.
 * What encoders are measured to do is kept between hosts of one test program.
 *
 * Thread-safety: one thread.
 */
#ifndef SERVE_HOST_H
#define SERVE_HOST_H

#include "gs-web.h"

#define SERVE_LOCAL "127.0.0.1"

typedef struct {
  gchar *dir, *identity, *store;
  GSubprocess *process;
  guint base;    /* port of GameStream's HTTP */
  gchar port[8]; /* of punktfunk/1 */
} ServeHost;

/* Around all tests of the program. */
void serve_begin (void);
void serve_end (void);

/* Skips the test where the program cannot be started. */
void serve_make_dir (ServeHost *host);
void serve_remove_dir (ServeHost *host);

/* All of a host's ports above and below it are free now. */
guint serve_find_base (void);

/* With one more option, or NULL. */
void serve_spawn (ServeHost *host, const gchar *option);
void serve_wait_ready (ServeHost *host);
/* Both, at ports that are free. */
void serve_start (ServeHost *host, const gchar *option);
/* By SIGTERM, or SIGKILL. */
void serve_stop (ServeHost *host, gboolean kill);

/* What it printed; to be freed. */
gchar *serve_read_log (const ServeHost *host);

/* pf-host pair COMMAND: its status; what it printed, if that is wanted. */
int serve_ask (const ServeHost *host, const gchar *command, const gchar *input,
    gchar **out);

int serve_remove (const ServeHost *host, const gchar *device);
/* What it may do, and how long, as "all", "5s". */
int serve_grant (const ServeHost *host, const gchar *device,
    const gchar *rights, const gchar *expiry);

/* A client shows one PIN, and another one, or the same, is typed: the status of
 * pf-host pair pin, and whether the client was agreed with. */
int serve_pair (const ServeHost *host, GsWeb *web, const gchar *shown,
    const gchar *typed, GsPhase last, gboolean *agreed);

#endif /* SERVE_HOST_H */
