/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * DESCRIBE and ANNOUNCE. The table of attributes is in the order in which
 * clients write them.
 */
#include "pf-gs-sdp.h"

#include <string.h>

/* ---- DESCRIBE ----------------------------------------------------------- */

/* Encoders' layouts, normal and high quality by turns. */
static const PfGsOpusLayout layouts[] = {
  { 2, 1, 1, { 0, 1 } },
  { 2, 1, 1, { 0, 1 } },
  { 6, 4, 2, { 0, 1, 2, 3, 4, 5 } },
  { 6, 6, 0, { 0, 1, 2, 3, 4, 5 } },
  { 8, 5, 3, { 0, 1, 2, 3, 4, 5, 6, 7 } },
  { 8, 8, 0, { 0, 1, 2, 3, 4, 5, 6, 7 } },
};

enum { N_LAYOUTS = sizeof layouts / sizeof *layouts };

int
pf_gs_opus_layout (unsigned channels, bool high, PfGsOpusLayout *layout)
{
  for (unsigned i = 0; i < N_LAYOUTS; i += 2)
    if (layouts[i].channels == channels) {
      *layout = layouts[i + high];
      return 0;
    }
  return PF_ERR_UNSUPPORTED;
}

static void
put_digit (PfGsWriter *w, uint8_t digit)
{
  pf_gs_put_uint (w, digit);
}

/* A client moves the last entry of a normal mapping to the fourth place; so
 * the fourth is written last. */
static void
put_layout (PfGsWriter *w, const PfGsOpusLayout *l, bool normal)
{
  const unsigned fourth = normal && l->channels > 3 ? 3 : l->channels;

  pf_gs_put (w, "a=fmtp:97 surround-params=");
  put_digit (w, l->channels);
  put_digit (w, l->streams);
  put_digit (w, l->coupled);
  for (unsigned i = 0; i < l->channels; i++)
    if (i != fourth)
      put_digit (w, l->mapping[i]);
  if (fourth < l->channels)
    put_digit (w, l->mapping[fourth]);
  pf_gs_put (w, "\n");
}

static void
put_number (PfGsWriter *w, const char *name, uint32_t value)
{
  pf_gs_put (w, "a=");
  pf_gs_put (w, name);
  pf_gs_put (w, ":");
  pf_gs_put_uint (w, value);
  pf_gs_put (w, "\n");
}

void
pf_gs_describe_write (PfGsWriter *writer, const PfGsDescribe *describe)
{
  put_number (writer, "x-ss-general.featureFlags", describe->features);
  put_number (writer, "x-ss-general.encryptionSupported",
      describe->encryption_supported);
  put_number (writer, "x-ss-general.encryptionRequested",
      describe->encryption_requested);
  if (describe->rfi)
    put_number (writer, "x-nv-video[0].refPicInvalidation", 1);
  if (describe->hevc)
    pf_gs_put (writer, "sprop-parameter-sets=AAAAAU\n");
  if (describe->av1)
    pf_gs_put (writer, "a=rtpmap:98 AV1/90000\n");
  for (unsigned i = 0; i < 2 && describe->own.channels > 0; i++)
    put_layout (writer, &describe->own, i == 0);
  for (unsigned i = 0; i < N_LAYOUTS; i++)
    put_layout (writer, &layouts[i], i % 2 == 0);
}

static const char *
find (PfGsText text, const char *needle)
{
  const size_t n = strlen (needle);

  for (size_t i = 0; i + n <= text.size; i++)
    if (memcmp (text.data + i, needle, n) == 0)
      return text.data + i;
  return NULL;
}

/* The digits behind the first colon after the name; 0: none. */
static uint32_t
find_number (PfGsText text, const char *name)
{
  const char *at = find (text, name);
  uint32_t value = 0;
  PfGsText rest, line, number;

  if (!at)
    return 0;
  rest = (PfGsText){ at, text.size - (size_t) (at - text.data) };
  pf_gs_text_line (&rest, &line);
  rest = line;
  pf_gs_text_split (&rest, ':', &number);
  pf_gs_text_uint_any (pf_gs_text_trim (rest), &value);
  return value;
}

void
pf_gs_describe_parse (PfGsText payload, PfGsDescribe *describe)
{
  *describe = (PfGsDescribe){
    .features = find_number (payload, "x-ss-general.featureFlags"),
    .encryption_supported =
        find_number (payload, "x-ss-general.encryptionSupported"),
    .encryption_requested =
        find_number (payload, "x-ss-general.encryptionRequested"),
    .rfi = find (payload, "x-nv-video[0].refPicInvalidation") != NULL,
    .hevc = find (payload, "sprop-parameter-sets=AAAAAU") != NULL,
    .av1 = find (payload, "AV1/90000") != NULL,
  };
}

int
pf_gs_opus_layout_parse (PfGsText digits, PfGsOpusLayout *layout)
{
  PfGsOpusLayout l = { 0 };

  for (size_t i = 0; i < digits.size; i++)
    if (digits.data[i] < '0' || digits.data[i] > '9')
      return PF_ERR_INVALID;
  if (digits.size < 3)
    return PF_ERR_INVALID;
  l.channels = (uint8_t) (digits.data[0] - '0');
  l.streams = (uint8_t) (digits.data[1] - '0');
  l.coupled = (uint8_t) (digits.data[2] - '0');
  if (l.channels < 1 || l.channels > PF_GS_CHANNELS_MAX ||
      digits.size != 3u + l.channels || l.streams < 1 ||
      l.coupled > l.streams || l.streams + l.coupled > l.channels)
    return PF_ERR_INVALID;
  for (unsigned i = 0; i < l.channels; i++) {
    l.mapping[i] = (uint8_t) (digits.data[3 + i] - '0');
    if (l.mapping[i] >= l.streams + l.coupled)
      return PF_ERR_INVALID;
  }
  *layout = l;
  return 0;
}

int
pf_gs_describe_layout (
    PfGsText payload, unsigned channels, bool high, PfGsOpusLayout *layout)
{
  static const char name[] = "surround-params=";
  PfGsText line, digits;
  PfGsOpusLayout l;
  unsigned n = 0;

  if (channels == 2)
    return pf_gs_opus_layout (2, high, layout);
  while (pf_gs_text_line (&payload, &line)) {
    const char *at = find (line, name);

    if (!at)
      continue;
    at += sizeof name - 1;
    digits = pf_gs_text_trim (
        (PfGsText){ at, line.size - (size_t) (at - line.data) });
    if (pf_gs_opus_layout_parse (digits, &l) < 0 || l.channels != channels ||
        n++ < high)
      continue;
    if (!high && channels > 3) {
      const uint8_t last = l.mapping[channels - 1];

      memmove (l.mapping + 4, l.mapping + 3, channels - 4);
      l.mapping[3] = last;
    }
    *layout = l;
    return 0;
  }
  if (channels != 6)
    return PF_ERR_UNSUPPORTED;
  *layout = (PfGsOpusLayout){ 6, 4, 2, { 0, 4, 1, 5, 2, 3 } };
  return 0;
}

/* ---- ANNOUNCE ----------------------------------------------------------- */

typedef enum {
  NEEDED = 1,  /* must be announced */
  CLAMPED = 2, /* else a number out of range is refused */
  UNSENT = 4,  /* only some clients send it */
  IGNORED = 8, /* sent with its default, not looked at */
} Rule;

typedef struct {
  const char *name;
  size_t offset;
  uint32_t usual, least, most; /* default, range */
  unsigned rules;
} Attribute;

#define IN(member) offsetof (PfGsAnnounce, member)
#define ANY UINT32_MAX
#define KBPS_MAX 8000000

static const Attribute attributes[] = {
  { "x-ml-general.featureFlags", IN (client_features), 0, 0, ANY, 0 },
  { "x-ss-general.encryptionEnabled", IN (encryption), 0, 0, ANY, 0 },
  { "x-ss-video[0].chromaSamplingType", IN (chroma_444), 0, 0, 1, 0 },
  { "x-ss-video[0].intraRefresh", IN (intra_refresh), 0, 0, 1, UNSENT },
  { "x-nv-video[0].clientViewportWd", IN (width), 0, 16, 16384, NEEDED },
  { "x-nv-video[0].clientViewportHt", IN (height), 0, 16, 16384, NEEDED },
  { "x-nv-video[0].maxFPS", IN (fps), 0, 1, 1000, NEEDED },
  { "x-nv-video[0].packetSize", IN (packet_size), 0, PF_GS_PACKET_SIZE_MIN,
      PF_GS_PACKET_SIZE_MAX, NEEDED },
  { "x-nv-video[0].rateControlMode", 0, 4, 0, 0, IGNORED },
  { "x-nv-video[0].timeoutLengthMs", 0, 7000, 0, 0, IGNORED },
  { "x-nv-video[0].framesWithInvalidRefThreshold", 0, 0, 0, 0, IGNORED },
  { "x-nv-video[0].initialBitrateKbps", IN (initial_kbps), 0, 0, KBPS_MAX,
      CLAMPED },
  { "x-nv-video[0].initialPeakBitrateKbps", IN (peak_kbps), 0, 0, KBPS_MAX,
      CLAMPED },
  { "x-nv-vqos[0].bw.minimumBitrateKbps", IN (min_kbps), 0, 0, KBPS_MAX,
      CLAMPED },
  { "x-nv-vqos[0].bw.maximumBitrateKbps", IN (max_kbps), 0, 500, KBPS_MAX,
      CLAMPED | NEEDED },
  { "x-ml-video.configuredBitrateKbps", IN (configured_kbps), 0, 0, KBPS_MAX,
      CLAMPED },
  { "x-nv-vqos[0].fec.enable", 0, 1, 0, 0, IGNORED },
  { "x-nv-vqos[0].videoQualityScoreUpdateTime", 0, 5000, 0, 0, IGNORED },
  { "x-nv-vqos[0].qosTrafficType", IN (video_qos), 5, 0, ANY, 0 },
  { "x-nv-aqos.qosTrafficType", IN (audio_qos), 4, 0, ANY, 0 },
  { "x-nv-general.featureFlags", IN (general_flags), 135, 0, ANY, 0 },
  { "x-nv-general.useReliableUdp", IN (reliable_udp), 1, 0, ANY, 0 },
  { "x-nv-vqos[0].fec.minRequiredFecPackets", IN (min_fec_packets), 0, 0, 64,
      CLAMPED },
  { "x-nv-vqos[0].bllFec.enable", 0, 0, 0, 0, IGNORED },
  { "x-nv-vqos[0].drc.enable", 0, 0, 0, 0, IGNORED },
  { "x-nv-general.enableRecoveryMode", 0, 0, 0, 0, IGNORED },
  { "x-nv-video[0].videoEncoderSlicesPerFrame", IN (slices), 0, 1, 32,
      CLAMPED | NEEDED },
  { "x-nv-clientSupportHevc", IN (supports_hevc), 0, 0, 1, CLAMPED },
  { "x-nv-vqos[0].bitStreamFormat", IN (format), 0, 0, PF_GS_FORMAT_AV1, 0 },
  { "x-nv-video[0].dynamicRangeMode", IN (ten_bit), 0, 0, 1, 0 },
  { "x-nv-video[0].maxNumReferenceFrames", IN (ref_frames), 0, 0, 16,
      CLAMPED | NEEDED },
  { "x-nv-video[0].clientRefreshRateX100", IN (refresh_x100), 0, 0, 100000,
      CLAMPED },
  { "x-nv-audio.surround.numChannels", IN (channels), 0, 2, PF_GS_CHANNELS_MAX,
      NEEDED },
  { "x-nv-audio.surround.channelMask", IN (channel_mask), 0, 0, 0xffff,
      NEEDED },
  { "x-nv-audio.surround.enable", 0, 0, 0, 0, IGNORED },
  { "x-nv-audio.surround.AudioQuality", IN (high_quality), 0, 0, 1,
      NEEDED | CLAMPED },
  { "x-nv-aqos.packetDuration", IN (audio_ms), 5, 5, 10, 0 },
  { "x-nv-video[0].encoderCscMode", IN (csc), 0, 0, 5, 0 },
};

enum { N_ATTRIBUTES = sizeof attributes / sizeof *attributes };

static uint32_t *
member (PfGsAnnounce *announce, const Attribute *a)
{
  return (uint32_t *) ((uint8_t *) announce + a->offset);
}

static int
take_value (PfGsAnnounce *announce, const Attribute *a, PfGsText value)
{
  uint32_t v;
  int ret = pf_gs_text_uint (value, &v);

  if (ret == PF_ERR_RANGE && (a->rules & CLAMPED)) {
    v = UINT32_MAX;
    ret = 0;
  }
  if (ret < 0)
    return ret;
  if (a->rules & CLAMPED)
    v = v < a->least ? a->least : v > a->most ? a->most : v;
  if (v < a->least || v > a->most)
    return PF_ERR_RANGE;
  *member (announce, a) = v;
  return 0;
}

/* a=NAME:VALUE and a blank. */
static const Attribute *
parse_line (PfGsText line, PfGsText *value)
{
  PfGsText name;

  if (line.size < 2 || memcmp (line.data, "a=", 2) != 0)
    return NULL;
  line.data += 2;
  line.size -= 2;
  if (!pf_gs_text_split (&line, ':', &name))
    return NULL;
  name = pf_gs_text_trim (name);
  *value = pf_gs_text_trim (line);
  for (unsigned i = 0; i < N_ATTRIBUTES; i++)
    if (!(attributes[i].rules & IGNORED) &&
        pf_gs_text_equal (name, attributes[i].name))
      return &attributes[i];
  return NULL;
}

/* What the ranges do not say. */
static int
check (const PfGsAnnounce *a, const char **which)
{
  if (a->channels != 2 && a->channels != 6 && a->channels != 8) {
    *which = "x-nv-audio.surround.numChannels";
    return PF_ERR_RANGE;
  }
  if (a->audio_ms != 5 && a->audio_ms != 10) {
    *which = "x-nv-aqos.packetDuration";
    return PF_ERR_RANGE;
  }
  return 0;
}

int
pf_gs_announce_parse (
    PfGsText payload, PfGsAnnounce *announce, const char **which)
{
  bool seen[N_ATTRIBUTES] = { false };
  PfGsAnnounce out = { 0 };
  PfGsText line, value;
  int ret;

  for (unsigned i = 0; i < N_ATTRIBUTES; i++)
    if (!(attributes[i].rules & IGNORED))
      *member (&out, &attributes[i]) = attributes[i].usual;
  while (pf_gs_text_line (&payload, &line)) {
    const Attribute *a = parse_line (line, &value);

    if (!a)
      continue;
    ret = take_value (&out, a, value);
    if (ret < 0) {
      *which = a->name;
      return ret;
    }
    seen[a - attributes] = true;
  }
  for (unsigned i = 0; i < N_ATTRIBUTES; i++)
    if ((attributes[i].rules & NEEDED) && !seen[i]) {
      *which = attributes[i].name;
      return PF_ERR_INVALID;
    }
  ret = check (&out, which);
  if (ret == 0)
    *announce = out;
  return ret;
}

/* Is the attribute one that clients send in this case, and with what? */
static bool
is_sent (const PfGsAnnounce *announce, const Attribute *a)
{
  return !(a->rules & UNSENT) &&
         !(a->offset == IN (supports_hevc) && !(a->rules & IGNORED) &&
             announce->format == PF_GS_FORMAT_AV1);
}

static uint32_t
value_of (const PfGsAnnounce *announce, const Attribute *a)
{
  if (strcmp (a->name, "x-nv-audio.surround.enable") == 0)
    return announce->channels > 2;
  if (a->rules & IGNORED)
    return a->usual;
  return *(const uint32_t *) ((const uint8_t *) announce + a->offset);
}

void
pf_gs_announce_write (PfGsWriter *writer, const PfGsAnnounce *announce,
    const char *address, uint16_t video_port)
{
  pf_gs_put (writer, "v=0\r\no=android 0 14 IN IPv");
  pf_gs_put (writer, strchr (address, ':') ? "6 " : "4 ");
  pf_gs_put (writer, address);
  pf_gs_put (writer, "\r\ns=NVIDIA Streaming Client\r\n");
  for (unsigned i = 0; i < N_ATTRIBUTES; i++) {
    if (!is_sent (announce, &attributes[i]))
      continue;
    pf_gs_put (writer, "a=");
    pf_gs_put (writer, attributes[i].name);
    pf_gs_put (writer, ":");
    pf_gs_put_uint (writer, value_of (announce, &attributes[i]));
    pf_gs_put (writer, " \r\n");
  }
  pf_gs_put (writer, "t=0 0\r\nm=video ");
  pf_gs_put_uint (writer, video_port);
  pf_gs_put (writer, "  \r\n");
}

uint32_t
pf_gs_announce_encryption (const PfGsAnnounce *announce)
{
  const uint32_t e = announce->encryption & PF_GS_ENC_ALL;

  return announce->general_flags & 0x20 ? e | PF_GS_ENC_AUDIO : e;
}

uint32_t
pf_gs_announce_codec (const PfGsAnnounce *announce)
{
  /* format, 4:4:4, ten bits */
  static const uint32_t codecs[3][2][2] = {
    { { PF_GS_CODEC_H264, 0 }, { PF_GS_CODEC_H264_444, 0 } },
    { { PF_GS_CODEC_HEVC, PF_GS_CODEC_HEVC_10 },
        { PF_GS_CODEC_HEVC_444, PF_GS_CODEC_HEVC_444_10 } },
    { { PF_GS_CODEC_AV1, PF_GS_CODEC_AV1_10 },
        { PF_GS_CODEC_AV1_444, PF_GS_CODEC_AV1_444_10 } },
  };

  return codecs[announce->format][announce->chroma_444][announce->ten_bit];
}

uint32_t
pf_gs_announce_kbps (const PfGsAnnounce *announce, uint32_t percent, bool high)
{
  const uint32_t audio = (high ? 256 : 96) * announce->channels;
  uint32_t kbps = announce->configured_kbps;

  if (kbps == 0)
    return announce->max_kbps;
  if (percent <= 80)
    kbps = (uint32_t) ((uint64_t) kbps * (100 - percent) / 100);
  kbps -= audio < kbps / 5 ? audio : kbps / 5;
  kbps -= 500 < kbps / 10 ? 500 : kbps / 10;
  return kbps > 0 ? kbps : 1;
}

bool
pf_gs_announce_high_quality (const PfGsAnnounce *announce, PfGsText host_header)
{
  if (announce->channels > 2)
    return announce->high_quality;
  return !find (host_header, "0.0.0.0");
}
