/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a client of a session asks for: properties of pfquicsrc.
 *
 * Thread-safety: with the object lock of the element they belong to.
 */
#ifndef PF_QUIC_CLIENT_SETTINGS_H
#define PF_QUIC_CLIENT_SETTINGS_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  guint width, height, fps;
  guint bitrate_kbps; /* 0: as the host likes */
  guint channels;
  gchar *codecs;       /* "h264;h265;av1" */
  gchar *preferred;    /* one of them, or NULL */
  guint depth, chroma; /* 8 or 10; 420 or 444 */
  gchar *name, *launch;
  gchar *identity; /* directory; NULL: anonymous */
} PfQuicClientSettings;

/* The properties, as ids from first on; how many. */
guint pf_quic_client_settings_install (GObjectClass *object_class, guint first);

/* FALSE: the property is none of these. Defaults are set by init. */
void pf_quic_client_settings_init (PfQuicClientSettings *settings);
gboolean pf_quic_client_settings_set (
    PfQuicClientSettings *settings, guint id, guint first, const GValue *value);
gboolean pf_quic_client_settings_get (
    const PfQuicClientSettings *settings, guint id, guint first, GValue *value);
void pf_quic_client_settings_copy (
    PfQuicClientSettings *to, const PfQuicClientSettings *from);
void pf_quic_client_settings_clear (PfQuicClientSettings *settings);

G_END_DECLS

#endif /* PF_QUIC_CLIENT_SETTINGS_H */
