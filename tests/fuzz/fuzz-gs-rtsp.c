/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fuzz target for GameStream's RTSP and SDP. The first byte says what the rest
 * is: a request, an answer, an announcement, a description, or requests to a
 * host one after the other, each with its length in front. What is taken lies
 * inside the input and within its ranges, and written again it reads the same;
 * a host takes no more than one step for a request.
 */
#include "fuzz-wire.h"

#include <string.h>

#include "pf-gs-handshake.h"

static char out[PF_GS_RTSP_SIZE_MAX];

static void
check_inside (PfGsText t, const char *bytes, size_t size)
{
  FUZZ_CHECK (t.size == 0 || (t.data >= bytes && t.size <= size &&
                                 t.data + t.size <= bytes + size));
}

static void
check_message (const PfGsRtspMessage *m, const char *bytes, size_t size)
{
  FUZZ_CHECK (m->n_headers <= PF_GS_RTSP_HEADERS_MAX);
  check_inside (m->target, bytes, size);
  check_inside (m->payload, bytes, size);
  for (unsigned i = 0; i < m->n_headers; i++) {
    check_inside (m->headers[i].name, bytes, size);
    check_inside (m->headers[i].value, bytes, size);
  }
}

static int
fuzz_request (const char *bytes, size_t size, PfGsRtspMessage *m)
{
  const int used = pf_gs_rtsp_request_parse (bytes, size, m);

  if (used > 0) {
    FUZZ_CHECK ((size_t) used <= size && used <= PF_GS_RTSP_SIZE_MAX);
    check_message (m, bytes, (size_t) used);
  }
  return used;
}

static void
check_announce (const PfGsAnnounce *a)
{
  FUZZ_CHECK (a->packet_size >= PF_GS_PACKET_SIZE_MIN);
  FUZZ_CHECK (a->packet_size <= PF_GS_PACKET_SIZE_MAX);
  FUZZ_CHECK (a->width > 0 && a->height > 0 && a->fps > 0);
  FUZZ_CHECK (a->width <= 16384 && a->height <= 16384 && a->fps <= 1000);
  FUZZ_CHECK (a->slices >= 1 && a->slices <= 32);
  FUZZ_CHECK (a->channels <= PF_GS_CHANNELS_MAX && a->channels >= 2);
  FUZZ_CHECK (a->audio_ms == 5 || a->audio_ms == 10);
  FUZZ_CHECK (a->max_kbps >= 500);
  FUZZ_CHECK (pf_gs_announce_kbps (a, 20, true) > 0);
  pf_gs_announce_codec (a);
  pf_gs_announce_encryption (a);
}

static void
fuzz_announce (const char *bytes, size_t size)
{
  PfGsWriter w = { .bytes = out, .room = sizeof out };
  PfGsAnnounce a, again = { 0 };
  const char *which = NULL;

  if (pf_gs_announce_parse ((PfGsText){ bytes, size }, &a, &which) < 0) {
    FUZZ_CHECK (which != NULL);
    return;
  }
  check_announce (&a);
  pf_gs_announce_write (&w, &a, "::1", 1);
  FUZZ_CHECK (!w.full);
  FUZZ_CHECK (
      pf_gs_announce_parse ((PfGsText){ out, w.size }, &again, &which) == 0);
  a.intra_refresh = 0; /* is not written, as the next one sometimes */
  if (a.format == PF_GS_FORMAT_AV1)
    a.supports_hevc = 0;
  FUZZ_CHECK (memcmp (&a, &again, sizeof a) == 0);
}

static void
fuzz_describe (const char *bytes, size_t size)
{
  const PfGsText t = { bytes, size };
  PfGsDescribe d;
  PfGsOpusLayout l;

  pf_gs_describe_parse (t, &d);
  for (unsigned channels = 0; channels < 10; channels++)
    for (int high = 0; high < 2; high++) {
      if (pf_gs_describe_layout (t, channels, high, &l) < 0)
        continue;
      FUZZ_CHECK (l.channels == channels && l.streams >= 1);
      FUZZ_CHECK (l.streams + l.coupled <= channels);
      for (unsigned i = 0; i < channels; i++)
        FUZZ_CHECK (l.mapping[i] < l.streams + l.coupled);
    }
}

static void
fuzz_answer (const char *bytes, size_t size)
{
  PfGsRtspMessage m;

  if (pf_gs_rtsp_response_parse (bytes, size, &m) == 0)
    check_message (&m, bytes, size);
  for (int step = PF_GS_STEP_OPTIONS; step <= PF_GS_STEP_DONE; step++) {
    PfGsClientHandshake c;
    PfGsWriter w = { .bytes = out, .room = sizeof out };
    unsigned status;

    FUZZ_CHECK (pf_gs_client_handshake_init (&c, "rtsp://h:1", "h") == 0);
    c.step = (PfGsStep) step;
    if (pf_gs_client_handshake_answer (&c, bytes, size, &status) < 0)
      continue;
    FUZZ_CHECK ((int) c.step == step + 1);
    pf_gs_client_handshake_request (&c, &w);
    FUZZ_CHECK (!w.full);
    FUZZ_CHECK (strlen (c.ping_payload) <= PF_GS_PING_PAYLOAD);
  }
}

static void
fuzz_host (const char *bytes, size_t size)
{
  const PfGsHostOffer offer = { .ping_payload = "0123456789abcdef",
    .encryption_required = PF_GS_ENC_CONTROL_V2,
    .codecs = PF_GS_CODEC_H264 | PF_GS_CODEC_AV1_10 };
  PfGsHostHandshake h;
  PfGsRtspMessage m;

  pf_gs_host_handshake_init (&h, &offer);
  while (size > 0) {
    PfGsWriter w = { .bytes = out, .room = sizeof out };
    const int used = fuzz_request (bytes, size, &m);
    const PfGsStep before = h.step;
    unsigned status;

    if (used <= 0)
      return;
    status = pf_gs_host_handshake_request (&h, &m);
    FUZZ_CHECK (h.step == before);
    FUZZ_CHECK ((status == 200) == (h.fault == NULL));
    pf_gs_host_handshake_respond (&h, status, &w);
    FUZZ_CHECK (!w.full);
    FUZZ_CHECK (h.step == before + (status == 200));
    FUZZ_CHECK (pf_gs_rtsp_response_parse (out, w.size, &m) == 0);
    if (status == 200 && before == PF_GS_STEP_ANNOUNCE)
      check_announce (&h.announce);
    bytes += used;
    size -= (size_t) used;
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n_bytes)
{
  const char *text;
  PfGsRtspMessage m;

  if (n_bytes == 0)
    return 0;
  text = (const char *) bytes + 1;
  switch (bytes[0] % 5) {
  case 0:
    fuzz_request (text, n_bytes - 1, &m);
    break;
  case 1:
    fuzz_answer (text, n_bytes - 1);
    break;
  case 2:
    fuzz_announce (text, n_bytes - 1);
    break;
  case 3:
    fuzz_describe (text, n_bytes - 1);
    break;
  default:
    fuzz_host (text, n_bytes - 1);
    break;
  }
  return 0;
}
