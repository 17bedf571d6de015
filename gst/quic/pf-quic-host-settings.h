/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How the endpoint of a session on the host serves: properties of pfquicsink.
 *
 * Thread-safety: with the object lock of the element they belong to.
 */
#ifndef PF_QUIC_HOST_SETTINGS_H
#define PF_QUIC_HOST_SETTINGS_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  gchar *server;   /* name of an element; NULL: a server of its own */
  guint64 session; /* with a name */

  /* of its own server */
  gchar *address;
  guint port;
  gchar *identity; /* directory; NULL: the default */
  gboolean open;   /* lets anybody in */
  gchar *allowed;  /* fingerprints, with commas between; or NULL */
  guint idle_ms, keep_alive_ms;
  gchar *key_log, *qlog;

  /* of the session */
  guint data_port; /* 0: a free one */
  guint data_port_last;
  guint scheme; /* PfFecScheme */
  guint percent;
  gboolean adaptive;
  guint refresh_hz;     /* 0: the rate of the video */
  guint bitrate_kbps;   /* 0: what the client wishes */
  gboolean invalidates; /* the encoder does without lost frames */
} PfQuicHostSettings;

/* The properties, as ids from first on; how many. */
guint pf_quic_host_settings_install (GObjectClass *object_class, guint first);

/* FALSE: the property is none of these. Defaults are set by init. */
void pf_quic_host_settings_init (PfQuicHostSettings *settings);
gboolean pf_quic_host_settings_set (
    PfQuicHostSettings *settings, guint id, guint first, const GValue *value);
gboolean pf_quic_host_settings_get (
    const PfQuicHostSettings *settings, guint id, guint first, GValue *value);
void pf_quic_host_settings_copy (
    PfQuicHostSettings *to, const PfQuicHostSettings *from);
void pf_quic_host_settings_clear (PfQuicHostSettings *settings);

G_END_DECLS

#endif /* PF_QUIC_HOST_SETTINGS_H */
