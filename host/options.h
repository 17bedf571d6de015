/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What all commands of pf-host share: the command line's words. */
#ifndef PF_HOST_OPTIONS_H
#define PF_HOST_OPTIONS_H

#include "select.h"

typedef struct {
  /* serve */
  gchar *listen; /* NULL: everywhere */
  gint port;
  gchar *data_ports; /* "FROM-TO" or "any"; NULL: the usual ones */
  gboolean open, no_mdns;
  gchar **allow; /* fingerprints */
  gchar *user;   /* to go on as, when started as root */
  gchar *identity_dir;
  gint max_sessions;
  gint keep_s; /* that a display waits for a client that vanished */
  gboolean gamestream, allow_plain;
  gint gamestream_port;
  /* serve and pipelines */
  gchar *source;
  gchar *pipelines; /* directory */
  gchar **use;      /* ROLE=NAME */
  /* pipelines */
  gchar *inventory; /* file */
  gchar *codec, *mode;
  gint bitrate, depth, chroma, channels;
  gboolean hdr;
  /* status */
  gboolean json;
  /* pair */
  gboolean port_given, ask, stdin_pin, no_wait;
  gint seconds, approval;
  gchar *device; /* fingerprint */
} PfOptions;

#define PF_HOST_PORT 9777

/* Reads "1280x720@60" or "1280x720". */
gboolean pf_mode_parse (
    const gchar *text, guint *width, guint *height, guint *fps);

/* The catalog and the machine as the options say; FALSE with an error. MEASURE:
 * encoders are tested, with this program as the command. */
gboolean pf_select_open (PfSelect *select, const PfOptions *options,
    gboolean measure, GError **error);
void pf_select_close (PfSelect *select);

/* The commands; the result is the exit status. WORDS are those behind the
 * command's name. */
int pf_command_serve (const PfOptions *options, gchar **words);
int pf_command_status (const PfOptions *options, gchar **words);
int pf_command_pair (const PfOptions *options, gchar **words);
int pf_command_pipelines (const PfOptions *options, gchar **words);

/* One line on standard error; returns 1, for main. */
int pf_fail (const gchar *format, ...) G_GNUC_PRINTF (1, 2);

#endif /* PF_HOST_OPTIONS_H */
