/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pf-host and pf-client in tests, started as people start them: a host on a
 * port of its own with the drawn display, clients without a window that trust
 * it, and what both say.
 */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include <gio/gio.h>

#include "pf-json.h"

typedef struct {
  gchar *dir; /* of this test */
  GSubprocess *process;
  GDataInputStream *in; /* what it prints */
  guint port;
  gchar *fingerprint, *codecs;
} Host;

/* The path in an environment variable. */
const gchar *program_path (const gchar *variable);
GSubprocess *program_spawn (const gchar *const *argv, GSubprocessFlags flags);

void host_start (Host *h);
/* With one more option and its value, or NULL. */
void host_start_with (Host *h, const gchar *option, const gchar *value);
/* Interrupted; it has to end with status 0. What it left goes too. */
void host_stop (Host *h);
/* After how many ms it says so. */
gint64 host_wait_for_line (Host *h, const gchar *words);
/* And not these other words before; NULL: none. */
gint64 host_wait_for_words (Host *h, const gchar *words, const gchar *never);

/* The same in pieces: its place; with words before the program's name, if there
 * are any, and behind; and its end without that of its place. */
void host_make_place (Host *h);
void host_spawn (
    Host *h, const gchar *const *before, const gchar *const *behind);
void host_end (Host *h);
/* Begins as nobody if we are root, with the caches of that place: as a host that
 * an ordinary user starts. */
void host_spawn_as_nobody (Host *h);
/* Of such a host, between two starts: takes another result of an encoder's
 * self-test for true. FALSE: the encoder was not tested. */
gboolean host_set_speed (Host *h, const gchar *encoder, const gchar *speed);

typedef struct {
  int status;
  gchar *out, *err;
} Said;

void said_clear (Said *said);
/* With JSON, 60 frames long, and PIN, or with more words, NULL at the end. */
Said client_run (const Host *h, const gchar *mode, const gchar *pin);
Said client_run_with (
    const Host *h, const gchar *mode, const gchar *const *more);

/* Of what it printed: the summary, and numbers in it; -1: there is none. */
PfJsonDoc *report_last_line (const gchar *out);
gint64 report_number (
    const PfJsonDoc *doc, const gchar *object, const gchar *name);

#endif /* PROGRAMS_H */
