/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a client wishes; see pf-quic-client-settings.h. */
#include "pf-quic-client-settings.h"

#include <string.h>

#include "pf-quic-fields.h"

#define DEFAULT_WIDTH 1280
#define DEFAULT_HEIGHT 720
#define DEFAULT_FRAMERATE 60
#define DEFAULT_BITRATE_KBPS 0
#define DEFAULT_CHANNELS 2
#define DEFAULT_CODECS "h264;h265;av1"
#define DEFAULT_DEPTH 10
#define DEFAULT_CHROMA 444

enum {
  WIDTH,
  HEIGHT,
  FRAMERATE,
  BITRATE,
  CHANNELS,
  CODECS,
  PREFERRED,
  DEPTH,
  CHROMA,
  CLIENT_NAME,
  LAUNCH,
  IDENTITY,
  N_SETTINGS
};

static const PfQuicField fields[] = {
#define FIELD(id, type, name)                                                  \
  {                                                                            \
    id, G_TYPE_##type, G_STRUCT_OFFSET (PfQuicClientSettings, name)            \
  }
  FIELD (WIDTH, UINT, width),
  FIELD (HEIGHT, UINT, height),
  FIELD (FRAMERATE, UINT, fps),
  FIELD (BITRATE, UINT, bitrate_kbps),
  FIELD (CHANNELS, UINT, channels),
  FIELD (CODECS, STRING, codecs),
  FIELD (PREFERRED, STRING, preferred),
  FIELD (DEPTH, UINT, depth),
  FIELD (CHROMA, UINT, chroma),
  FIELD (CLIENT_NAME, STRING, name),
  FIELD (LAUNCH, STRING, launch),
  FIELD (IDENTITY, STRING, identity),
#undef FIELD
};

static const PfQuicFields all = PF_QUIC_FIELDS (fields);

guint
pf_quic_client_settings_install (GObjectClass *c, guint first)
{
  const GParamFlags ready =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  g_object_class_install_property (c, first + WIDTH,
      g_param_spec_uint ("width", "Width", "Pixels that are asked for", 2,
          16384, DEFAULT_WIDTH, ready));
  g_object_class_install_property (c, first + HEIGHT,
      g_param_spec_uint ("height", "Height", "Pixels that are asked for", 2,
          16384, DEFAULT_HEIGHT, ready));
  g_object_class_install_property (c, first + FRAMERATE,
      g_param_spec_uint ("fps", "Frame rate",
          "Frames a second that are asked for", 1, 1000, DEFAULT_FRAMERATE,
          ready));
  g_object_class_install_property (c, first + BITRATE,
      g_param_spec_uint ("bitrate-kbps", "Bitrate",
          "Bitrate that is asked for; 0: as the host likes", 0, 8000000,
          DEFAULT_BITRATE_KBPS,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
              GST_PARAM_MUTABLE_PLAYING));
  g_object_class_install_property (c, first + CHANNELS,
      g_param_spec_uint ("channels", "Audio channels",
          "Channels of audio that are asked for: 2, 6 or 8", 2, 8,
          DEFAULT_CHANNELS, ready));
  g_object_class_install_property (c, first + CODECS,
      g_param_spec_string ("codecs", "Codecs",
          "What can be decoded, of h264, h265 and av1, with ; between",
          DEFAULT_CODECS, ready));
  g_object_class_install_property (c, first + PREFERRED,
      g_param_spec_string ("preferred-codec", "Preferred codec",
          "The one of codecs that is liked best; unset: as the host likes",
          NULL, ready));
  g_object_class_install_property (c, first + DEPTH,
      g_param_spec_uint ("depth", "Depth",
          "Bits of a sample that can be decoded: 8, or up to 10 with HDR", 8,
          10, DEFAULT_DEPTH, ready));
  g_object_class_install_property (c, first + CHROMA,
      g_param_spec_uint ("chroma", "Chroma",
          "Colour resolution that can be decoded: 420, or up to 444", 420, 444,
          DEFAULT_CHROMA, ready));
  g_object_class_install_property (c, first + CLIENT_NAME,
      g_param_spec_string ("client-name", "Client name",
          "What the host shows to its owner", NULL, ready));
  g_object_class_install_property (c, first + LAUNCH,
      g_param_spec_string (
          "launch", "Launch", "Title that the host starts", NULL, ready));
  g_object_class_install_property (c, first + IDENTITY,
      g_param_spec_string ("identity-dir", "Identity directory",
          "Directory of cert.pem and key.pem, made if they are absent; unset: "
          "the host does not learn who this is",
          NULL, ready));
  return N_SETTINGS;
}

void
pf_quic_client_settings_init (PfQuicClientSettings *s)
{
  memset (s, 0, sizeof *s);
  s->width = DEFAULT_WIDTH;
  s->height = DEFAULT_HEIGHT;
  s->fps = DEFAULT_FRAMERATE;
  s->bitrate_kbps = DEFAULT_BITRATE_KBPS;
  s->channels = DEFAULT_CHANNELS;
  s->codecs = g_strdup (DEFAULT_CODECS);
  s->depth = DEFAULT_DEPTH;
  s->chroma = DEFAULT_CHROMA;
}

void
pf_quic_client_settings_clear (PfQuicClientSettings *s)
{
  pf_quic_fields_clear (&all, s);
}

void
pf_quic_client_settings_copy (
    PfQuicClientSettings *to, const PfQuicClientSettings *from)
{
  *to = *from;
  pf_quic_fields_own (&all, to);
}

gboolean
pf_quic_client_settings_set (
    PfQuicClientSettings *s, guint id, guint first, const GValue *value)
{
  return id >= first && pf_quic_fields_set (&all, s, id - first, value);
}

gboolean
pf_quic_client_settings_get (
    const PfQuicClientSettings *s, guint id, guint first, GValue *value)
{
  return id >= first && pf_quic_fields_get (&all, s, id - first, value);
}
