/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Channels in Opus packets; see pf-opus-layout.h. */
#include "pf-opus-layout.h"

#include <string.h>

/* What a number of channels has in common with others of it. */
static const struct {
  guint channels;
  guint streams, coupled; /* of normal quality */
  guint high_streams, high_coupled;
  guint kbps, high_kbps;
  guint64 mask;
  guint8 vorbis[PF_OPUS_MAX_CHANNELS]; /* our speaker of each of Vorbis' */
} kinds[] = {
  { 1, 1, 0, 1, 0, 64, 128, 0, { 0 } },
  { 2, 1, 1, 1, 1, 128, 512, 0x3, { 0, 1 } },
  { 6, 4, 2, 6, 0, 256, 1536, 0x3f, { 0, 2, 1, 4, 5, 3 } },
  { 8, 5, 3, 8, 0, 450, 2048, 0xc3f, { 0, 2, 1, 6, 7, 4, 5, 3 } },
};

/* -1 if there is none. */
static int
find_kind (guint channels)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].channels == channels)
      return (int) i;
  return -1;
}

gboolean
pf_opus_layout_init (PfOpusLayout *layout, guint channels, gboolean high)
{
  const int kind = find_kind (channels);

  if (kind < 0)
    return FALSE;
  memset (layout, 0, sizeof *layout);
  layout->channels = channels;
  layout->streams = high ? kinds[kind].high_streams : kinds[kind].streams;
  layout->coupled = high ? kinds[kind].high_coupled : kinds[kind].coupled;
  for (guint i = 0; i < channels; i++)
    layout->mapping[i] = (guint8) i;
  return TRUE;
}

/* Each coded channel has one speaker, and each speaker one. */
static gboolean
is_sound (const PfOpusLayout *layout)
{
  guint used = 0;

  if (find_kind (layout->channels) < 0 || layout->coupled > layout->streams ||
      layout->streams + layout->coupled != layout->channels)
    return FALSE;
  for (guint i = 0; i < layout->channels; i++) {
    if (layout->mapping[i] >= layout->channels)
      return FALSE;
    used |= 1u << layout->mapping[i];
  }
  return used == (1u << layout->channels) - 1;
}

gboolean
pf_opus_layout_parse (PfOpusLayout *layout, const gchar *digits)
{
  PfOpusLayout parsed = { 0 };
  const gsize n = strlen (digits);

  if (n < 3 || n > 3 + PF_OPUS_MAX_CHANNELS ||
      strspn (digits, "0123456789") != n)
    return FALSE;
  parsed.channels = (guint) (digits[0] - '0');
  parsed.streams = (guint) (digits[1] - '0');
  parsed.coupled = (guint) (digits[2] - '0');
  if (n != 3 + parsed.channels)
    return FALSE;
  for (guint i = 0; i < parsed.channels; i++)
    parsed.mapping[i] = (guint8) (digits[3 + i] - '0');
  if (!is_sound (&parsed))
    return FALSE;
  *layout = parsed;
  return TRUE;
}

guint
pf_opus_layout_bitrate (const PfOpusLayout *layout, gboolean high)
{
  const int kind = find_kind (layout->channels);

  if (kind < 0)
    return 0;
  return high ? kinds[kind].high_kbps : kinds[kind].kbps;
}

guint64
pf_opus_layout_channel_mask (const PfOpusLayout *layout)
{
  const int kind = find_kind (layout->channels);

  return kind < 0 ? 0 : kinds[kind].mask;
}

/* Family 0 has no mapping and no more than two channels. */
static gboolean
is_plain (const PfOpusLayout *layout)
{
  PfOpusLayout plain;

  return layout->channels <= 2 &&
         pf_opus_layout_init (&plain, layout->channels, FALSE) &&
         memcmp (&plain, layout, sizeof plain) == 0;
}

GstCaps *
pf_opus_layout_to_caps (const PfOpusLayout *layout)
{
  const int kind = find_kind (layout->channels);
  const gboolean plain = is_plain (layout);
  GValue array = G_VALUE_INIT, value = G_VALUE_INIT;
  GstCaps *caps;

  g_return_val_if_fail (kind >= 0, NULL);
  caps = gst_caps_new_simple ("audio/x-opus", "rate", G_TYPE_INT, PF_OPUS_RATE,
      "channels", G_TYPE_INT, (gint) layout->channels, "channel-mapping-family",
      G_TYPE_INT, plain ? 0 : 1, "stream-count", G_TYPE_INT,
      (gint) layout->streams, "coupled-count", G_TYPE_INT,
      (gint) layout->coupled, NULL);
  if (plain)
    return caps;
  g_value_init (&array, GST_TYPE_ARRAY);
  g_value_init (&value, G_TYPE_INT);
  for (guint i = 0; i < layout->channels; i++) {
    g_value_set_int (&value, layout->mapping[kinds[kind].vorbis[i]]);
    gst_value_array_append_value (&array, &value);
  }
  gst_caps_set_value (caps, "channel-mapping", &array);
  g_value_unset (&array);
  g_value_unset (&value);
  return caps;
}

static gboolean
read_mapping (PfOpusLayout *layout, const GValue *array, int kind)
{
  if (!array || !GST_VALUE_HOLDS_ARRAY (array) ||
      gst_value_array_get_size (array) != layout->channels)
    return FALSE;
  for (guint i = 0; i < layout->channels; i++) {
    const GValue *value = gst_value_array_get_value (array, i);
    gint n;

    if (!G_VALUE_HOLDS_INT (value))
      return FALSE;
    n = g_value_get_int (value);
    if (n < 0 || n >= PF_OPUS_MAX_CHANNELS)
      return FALSE;
    layout->mapping[kinds[kind].vorbis[i]] = (guint8) n;
  }
  return TRUE;
}

gboolean
pf_opus_layout_from_caps (PfOpusLayout *layout, const GstCaps *caps)
{
  const GstStructure *s;
  PfOpusLayout read = { 0 };
  gint family = 0, channels = 2, streams, coupled;
  int kind;

  if (!gst_caps_is_fixed (caps))
    return FALSE;
  s = gst_caps_get_structure (caps, 0);
  if (!gst_structure_has_name (s, "audio/x-opus"))
    return FALSE;
  gst_structure_get_int (s, "channels", &channels);
  gst_structure_get_int (s, "channel-mapping-family", &family);
  kind = channels > 0 ? find_kind ((guint) channels) : -1;
  if (kind < 0)
    return FALSE;
  if (family == 0)
    return channels <= 2 &&
           pf_opus_layout_init (layout, (guint) channels, FALSE);
  if (!gst_structure_get_int (s, "stream-count", &streams) ||
      !gst_structure_get_int (s, "coupled-count", &coupled) || streams < 1 ||
      coupled < 0)
    return FALSE;
  read.channels = (guint) channels;
  read.streams = (guint) streams;
  read.coupled = (guint) coupled;
  if (!read_mapping (
          &read, gst_structure_get_value (s, "channel-mapping"), kind) ||
      !is_sound (&read))
    return FALSE;
  *layout = read;
  return TRUE;
}
