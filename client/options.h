/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The words of pf-client's command line. */
#ifndef PF_CLIENT_OPTIONS_H
#define PF_CLIENT_OPTIONS_H

#include <glib.h>

#define PF_CLIENT_PORT 9777

typedef struct {
  gchar *host; /* as typed */
  gchar *address;
  guint port;
  gchar *pin; /* fingerprint */
  gchar *name, *identity_dir;
  guint width, height, fps;
  guint bitrate_kbps;
  gchar *codec; /* NULL: any that can be decoded */
  gboolean no_audio;
  gint channels;
  gboolean headless, json;
  gboolean fullscreen;
  gboolean resize;       /* the host's display is as large as the window */
  gboolean relative;     /* the mouse begins caught */
  guint frames, seconds; /* 0: until it ends */
  gchar **remode, **rebitrate, **speed_test; /* see wishes.h */
  gchar *pipelines;
  gchar **use;
  gboolean tofu; /* trust whoever answers, the first time */
  gboolean show; /* pair: the PIN is shown here */
} PfClientOptions;

/* Plays until the end; the exit status. */
int pf_client_connect (const PfClientOptions *options);
int pf_client_pair (const PfClientOptions *options);
int pf_client_request_access (const PfClientOptions *options);
int pf_client_forget (const PfClientOptions *options);

int pf_client_fail (const gchar *format, ...) G_GNUC_PRINTF (1, 2);

#endif /* PF_CLIENT_OPTIONS_H */
