/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Properties that all QUIC elements have alike, and what follows from them.
 *
 * Thread-safety: with the object lock of the element they belong to.
 */
#ifndef PF_QUIC_SETTINGS_H
#define PF_QUIC_SETTINGS_H

#include <gst/gst.h>

#include "pf-quic-port.h"

G_BEGIN_DECLS

typedef enum {
  PF_QUIC_PUNKTFUNK1,
  PF_QUIC_RAW,
} PfQuicProtocol;

typedef enum {
  PF_QUIC_ROLE_SERVER,
  PF_QUIC_ROLE_CLIENT,
} PfQuicRole;

#define PF_TYPE_QUIC_PROTOCOL (pf_quic_protocol_get_type ())
GType pf_quic_protocol_get_type (void);
#define PF_TYPE_QUIC_ROLE (pf_quic_role_get_type ())
GType pf_quic_role_get_type (void);
#define PF_TYPE_QUIC_CONGESTION (pf_quic_congestion_get_type ())
GType pf_quic_congestion_get_type (void);

#define PF_TYPE_QUIC_FEC (pf_quic_fec_get_type ())
GType pf_quic_fec_get_type (void); /* PfFecScheme */

typedef struct {
  gchar *address;      /* of the server; a server's own; NULL: not said */
  gint port;           /* -1: not said */
  gchar *bind_address; /* a client's own */
  guint bind_port;
  gchar *server_name;
  gchar **alpn;
  PfQuicRole role;
  guint timeout_s;
  guint64 keep_alive_ms;
  guint idle_ms;
  gboolean secure;
  gchar *certificate_file, *key_file, *authorities;
  gchar *fingerprint;
  gboolean datagram, drop_datagram;
  guint largest_payload;
  guint64 send_window, receive_window, datagram_buffer;
  PfQuicCongestion congestion;
  gchar *key_log, *qlog;
} PfQuicSettings;

/* The properties, as ids from first on; how many. */
guint pf_quic_settings_install (GObjectClass *object_class, guint first);

/* FALSE: the property is none of these. Defaults are set by init. */
void pf_quic_settings_init (PfQuicSettings *settings);
gboolean pf_quic_settings_set (
    PfQuicSettings *settings, guint id, guint first, const GValue *value);
gboolean pf_quic_settings_get (
    const PfQuicSettings *settings, guint id, guint first, GValue *value);
void pf_quic_settings_copy (PfQuicSettings *to, const PfQuicSettings *from);
void pf_quic_settings_clear (PfQuicSettings *settings);

/* Fills in what was not said; host: of sessions. */
void pf_quic_settings_resolve (
    PfQuicSettings *settings, PfQuicProtocol protocol, gboolean host);

/* For a stream of bytes with large windows. A server without a certificate
 * file gets one that lives as long as it does. */
gboolean pf_quic_settings_make_raw (
    const PfQuicSettings *settings, PfQuicConfig *config, GError **error);

/* What all structures of statistics tell of a connection. */
void pf_quic_add_stats (GstStructure *stats, PfQuicLink *link);

G_END_DECLS

#endif /* PF_QUIC_SETTINGS_H */
