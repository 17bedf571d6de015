/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How a host serves; see pf-quic-host-settings.h. */
#include "pf-quic-host-settings.h"

#include <string.h>

#include "pf-quic-fields.h"
#include "pf-quic-settings.h"
#include "pf.h"

#define DEFAULT_SESSION 0
#define DEFAULT_OPEN FALSE
#define DEFAULT_DATA_PORT 0
#define DEFAULT_DATA_PORT_LAST 0
#define DEFAULT_FEC PF_FEC_GF16
#define DEFAULT_PERCENTAGE 10
#define DEFAULT_ADAPTIVE TRUE
#define DEFAULT_REFRESH 0
#define DEFAULT_BITRATE_KBPS 0
#define DEFAULT_INVALIDATES FALSE

enum {
  SERVER,
  SESSION,
  IDENTITY,
  OPEN,
  ALLOW,
  DATA_PORT,
  DATA_PORT_LAST,
  FEC,
  PERCENTAGE,
  ADAPTIVE,
  REFRESH,
  BITRATE,
  INVALIDATES,
  N_SETTINGS
};

static const PfQuicField fields[] = {
#define FIELD(id, type, name)                                                  \
  {                                                                            \
    id, G_TYPE_##type, G_STRUCT_OFFSET (PfQuicHostSettings, name)              \
  }
  FIELD (SERVER, STRING, server),
  FIELD (SESSION, UINT64, session),
  FIELD (IDENTITY, STRING, identity),
  FIELD (OPEN, BOOLEAN, open),
  FIELD (ALLOW, STRING, allowed),
  FIELD (DATA_PORT, UINT, data_port),
  FIELD (DATA_PORT_LAST, UINT, data_port_last),
  FIELD (FEC, ENUM, scheme),
  FIELD (PERCENTAGE, UINT, percent),
  FIELD (ADAPTIVE, BOOLEAN, adaptive),
  FIELD (REFRESH, UINT, refresh_hz),
  FIELD (BITRATE, UINT, bitrate_kbps),
  FIELD (INVALIDATES, BOOLEAN, invalidates),
#undef FIELD
};

static const PfQuicFields all = PF_QUIC_FIELDS (fields);

guint
pf_quic_host_settings_install (GObjectClass *c, guint first)
{
  const GParamFlags ready =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  g_object_class_install_property (c, first + SERVER,
      g_param_spec_string ("server", "Server",
          "Name of the pfquicserver whose session this is the endpoint of; "
          "unset: a server of its own",
          NULL, ready));
  g_object_class_install_property (c, first + SESSION,
      g_param_spec_uint64 ("session", "Session",
          "Number of that session, as PfSessionOffer told it", 0, G_MAXUINT64,
          DEFAULT_SESSION, ready));
  g_object_class_install_property (c, first + IDENTITY,
      g_param_spec_string ("identity-dir", "Identity directory",
          "Directory of cert.pem and key.pem, made if they are absent; unset: "
          "punktfunk in the user's configuration",
          NULL, ready));
  g_object_class_install_property (c, first + OPEN,
      g_param_spec_boolean ("open", "Open",
          "Serve anybody who comes (without server)", DEFAULT_OPEN, ready));
  g_object_class_install_property (c, first + ALLOW,
      g_param_spec_string ("allow-fingerprint", "Allow fingerprint",
          "Fingerprints of clients that are served, with commas between "
          "(without server)",
          NULL, ready));
  g_object_class_install_property (c, first + DATA_PORT,
      g_param_spec_uint ("data-port", "Data port",
          "Own UDP port of video; 0: a free one for each session", 0, 65535,
          DEFAULT_DATA_PORT, ready));
  g_object_class_install_property (c, first + DATA_PORT_LAST,
      g_param_spec_uint ("data-port-last", "Last data port",
          "The first free port from data-port to this one is taken; 0: only "
          "data-port",
          0, 65535, DEFAULT_DATA_PORT_LAST, ready));
  g_object_class_install_property (c, first + FEC,
      g_param_spec_enum ("fec", "FEC", "Code of the parity packets",
          PF_TYPE_QUIC_FEC, DEFAULT_FEC, ready));
  g_object_class_install_property (c, first + PERCENTAGE,
      g_param_spec_uint ("percentage", "Percentage",
          "Parity packets at the start, in percent of data packets", 0, 90,
          DEFAULT_PERCENTAGE, ready));
  g_object_class_install_property (c, first + ADAPTIVE,
      g_param_spec_boolean ("adaptive", "Adaptive",
          "Let parity follow what the client reports as lost", DEFAULT_ADAPTIVE,
          ready));
  g_object_class_install_property (c, first + REFRESH,
      g_param_spec_uint ("refresh-hz", "Refresh rate",
          "Rate of the display that the client is told; 0: that of the video",
          0, 1000, DEFAULT_REFRESH, ready));
  g_object_class_install_property (c, first + BITRATE,
      g_param_spec_uint ("bitrate-kbps", "Bitrate",
          "Bitrate that the client is told, and packets are paced by; 0: as "
          "it wishes",
          0, 8000000, DEFAULT_BITRATE_KBPS, ready));
  g_object_class_install_property (c, first + INVALIDATES,
      g_param_spec_boolean ("invalidates", "Invalidates",
          "The encoder takes PfInvalidateFrames; else what a client lost "
          "is made good by key units",
          DEFAULT_INVALIDATES, ready));
  gst_type_mark_as_plugin_api (PF_TYPE_QUIC_FEC, 0);
  return N_SETTINGS;
}

void
pf_quic_host_settings_init (PfQuicHostSettings *s)
{
  memset (s, 0, sizeof *s);
  s->session = DEFAULT_SESSION;
  s->open = DEFAULT_OPEN;
  s->data_port = DEFAULT_DATA_PORT;
  s->data_port_last = DEFAULT_DATA_PORT_LAST;
  s->scheme = DEFAULT_FEC;
  s->percent = DEFAULT_PERCENTAGE;
  s->adaptive = DEFAULT_ADAPTIVE;
  s->refresh_hz = DEFAULT_REFRESH;
  s->bitrate_kbps = DEFAULT_BITRATE_KBPS;
  s->invalidates = DEFAULT_INVALIDATES;
}

void
pf_quic_host_settings_clear (PfQuicHostSettings *s)
{
  pf_quic_fields_clear (&all, s);
}

void
pf_quic_host_settings_copy (
    PfQuicHostSettings *to, const PfQuicHostSettings *from)
{
  *to = *from;
  pf_quic_fields_own (&all, to);
}

gboolean
pf_quic_host_settings_set (
    PfQuicHostSettings *s, guint id, guint first, const GValue *value)
{
  return id >= first && pf_quic_fields_set (&all, s, id - first, value);
}

gboolean
pf_quic_host_settings_get (
    const PfQuicHostSettings *s, guint id, guint first, GValue *value)
{
  return id >= first && pf_quic_fields_get (&all, s, id - first, value);
}
