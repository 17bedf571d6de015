/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Caps of media in a session; see pf-quic-media.h. */
#include "pf-quic-media.h"

#include <gst/video/video.h>
#include <string.h>

#include "pf-opus-layout.h"

typedef struct {
  guint8 codec;
  const gchar *name, *media, *form;
} Codec;

static const Codec codecs[] = {
  { PF_CODEC_H264, "h264", "video/x-h264",
      "video/x-h264,stream-format=byte-stream,alignment=au" },
  { PF_CODEC_HEVC, "h265", "video/x-h265",
      "video/x-h265,stream-format=byte-stream,alignment=au" },
  { PF_CODEC_AV1, "av1", "video/x-av1",
      "video/x-av1,stream-format=obu-stream,alignment=tu" },
};

static const Codec *
codec_of (const GstCaps *caps)
{
  for (guint i = 0; i < G_N_ELEMENTS (codecs); i++)
    if (gst_structure_has_name (
            gst_caps_get_structure (caps, 0), codecs[i].media))
      return &codecs[i];
  return NULL;
}

guint8
pf_quic_media_codec (const GstCaps *caps)
{
  const Codec *codec = codec_of (caps);

  return codec ? codec->codec : 0;
}

GstCaps *
pf_quic_media_caps (guint8 codec)
{
  for (guint i = 0; i < G_N_ELEMENTS (codecs); i++)
    if (codecs[i].codec == codec)
      return gst_caps_from_string (codecs[i].form);
  return NULL;
}

static guint
depth_of (const GstStructure *s)
{
  guint depth = 8;

  gst_structure_get_uint (s, "bit-depth-luma", &depth);
  return depth;
}

static gboolean
is_444 (const GstStructure *s)
{
  const gchar *format = gst_structure_get_string (s, "chroma-format");

  return g_strcmp0 (format, "4:4:4") == 0;
}

void
pf_quic_media_abilities (const GstCaps *caps, PfHostAbilities *a)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);

  memset (a, 0, sizeof *a);
  a->codecs = pf_quic_media_codec (caps);
  a->ten_bit = depth_of (s) == 10;
  a->hdr = a->ten_bit;
  a->chroma444 = is_444 (s);
  a->chacha20 = TRUE;
}

static void
describe_color (const GstStructure *s, PfMsgWelcome *w)
{
  const gchar *text = gst_structure_get_string (s, "colorimetry");
  GstVideoColorimetry color;

  if (!text || !gst_video_colorimetry_from_string (&color, text))
    return;
  w->color.primaries =
      (guint8) gst_video_color_primaries_to_iso (color.primaries);
  w->color.transfer =
      (guint8) gst_video_transfer_function_to_iso (color.transfer);
  w->color.matrix = (guint8) gst_video_color_matrix_to_iso (color.matrix);
  w->color.full_range = color.range == GST_VIDEO_COLOR_RANGE_0_255;
}

void
pf_quic_media_describe (const GstCaps *caps, PfMsgWelcome *w)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  gint width, height, n, d;

  if (gst_structure_get_int (s, "width", &width) &&
      gst_structure_get_int (s, "height", &height) && width > 0 && height > 0) {
    w->mode.width = (guint32) width;
    w->mode.height = (guint32) height;
  }
  if (gst_structure_get_fraction (s, "framerate", &n, &d) && n > 0 && d > 0)
    w->mode.refresh_hz = (guint32) ((n + d - 1) / d);
  w->bit_depth = depth_of (s) == 10 ? 10 : 8;
  w->chroma = is_444 (s) ? 3 : 1;
  describe_color (s, w);
}

const gchar *
pf_quic_media_codec_name (guint8 codec)
{
  for (guint i = 0; i < G_N_ELEMENTS (codecs); i++)
    if (codecs[i].codec == codec)
      return codecs[i].name;
  return NULL;
}

gchar *
pf_quic_media_codec_names (guint8 bits)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (codecs); i++)
    if (bits & codecs[i].codec)
      g_string_append_printf (
          text, "%s%s", text->len > 0 ? ";" : "", codecs[i].name);
  return g_string_free (text, FALSE);
}

guint8
pf_quic_media_parse_codecs (const gchar *text)
{
  gchar **names = g_strsplit_set (text ? text : "", ";, ", -1);
  guint8 bits = 0;
  gboolean ok = TRUE;

  for (gchar **name = names; *name; name++) {
    guint i = 0;

    if (!**name)
      continue;
    while (i < G_N_ELEMENTS (codecs) && strcmp (*name, codecs[i].name) != 0)
      i++;
    if (i < G_N_ELEMENTS (codecs))
      bits |= codecs[i].codec;
    else
      ok = FALSE;
  }
  g_strfreev (names);
  return ok ? bits : 0;
}

/* As pfopusenc and pfopusdec have them. */
GstCaps *
pf_quic_media_opus_caps (guint channels)
{
  PfOpusLayout layout;

  if (!pf_opus_layout_init (&layout, channels, FALSE))
    pf_opus_layout_init (&layout, 2, FALSE);
  return pf_opus_layout_to_caps (&layout);
}
