/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's control stream: messages of a real client and host, all types
 * both ways, and envelopes that nobody sealed.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto-vectors.h"
#include "pf-bytes.h"
#include "pf-gs-control.h"
#include "pf-test.h"

static const uint8_t key[PF_GS_CONTROL_KEY] = { 5, 6, 7 };

/* ---- Recorded ----------------------------------------------------------- */

/* Every recorded message opens to its payload, and ours under the same number
 * is the same. */
static void
test_vectors (void)
{
  const PfJson *root = crypto_vectors_load ("gamestream/control_rtsp.json");
  const Bytes k = crypto_vectors_hex (pf_json_member (root, "key"));
  unsigned n = 0, n_made = 0;

  for (const PfJson *v = pf_json_first (pf_json_member (root, "control")); v;
       v = pf_json_next (v), n++) {
    const Bytes in = crypto_vectors_hex (pf_json_member (v, "message"));
    const Bytes payload = crypto_vectors_hex (pf_json_member (v, "payload"));
    const char *direction = pf_json_string (pf_json_member (v, "direction"));
    const char *version = pf_json_string (pf_json_member (v, "encryption"));
    const uint32_t seq =
        (uint32_t) crypto_vectors_int (pf_json_member (v, "seq"));
    const bool from_host = strcmp (direction, "host_to_client") == 0;
    const bool version2 = strcmp (version, "v2") == 0;
    PfGsControl *reader, *sender;
    uint8_t out[PF_GS_CONTROL_MAX], again[PF_GS_MSG_MAX];
    const uint8_t *plain;
    size_t size, again_size;
    PfGsMsg m;

    PF_REQUIRE_INT (
        pf_gs_control_new (!from_host, version2, k.data, &reader), ==, 0);
    PF_REQUIRE_INT (
        pf_gs_control_open (reader, in.data, in.size, &plain, &size), ==, 0);
    PF_CHECK_UINT (size, ==, PF_GS_MSG_HEADER + payload.size);
    PF_CHECK_MEM (plain + PF_GS_MSG_HEADER, payload.data, payload.size);
    PF_REQUIRE_INT (pf_gs_msg_decode (plain, size, from_host, &m), ==, 0);
    PF_REQUIRE_INT (
        pf_gs_msg_encode (&m, again, sizeof again, &again_size), ==, 0);
    PF_CHECK_UINT (again_size, ==, size);
    PF_CHECK_MEM (again, plain, size);
    /* a sender counts from 0: few numbers can be reached */
    if (seq < 1000) {
      PF_REQUIRE_INT (
          pf_gs_control_new (from_host, version2, k.data, &sender), ==, 0);
      for (uint32_t i = 0; i <= seq; i++)
        PF_REQUIRE_INT (
            pf_gs_control_seal (sender, again, size, out, &again_size), ==, 0);
      PF_CHECK_UINT (again_size, ==, in.size);
      PF_CHECK_MEM (out, in.data, in.size);
      pf_gs_control_free (sender);
      n_made++;
    }
    pf_gs_control_free (reader);
  }
  PF_CHECK_UINT (n, >=, 18);
  PF_CHECK_UINT (n_made, >=, 8);
  crypto_vectors_clear ();
}

/* ---- Messages ----------------------------------------------------------- */

static const uint8_t input[] = { 0, 0, 0, 5, 8, 0, 0, 0, 1 };

static const PfGsMsg all[] = {
  { .kind = PF_GS_MSG_IDR },
  { .kind = PF_GS_MSG_START_B },
  { .kind = PF_GS_MSG_PING },
  { .kind = PF_GS_MSG_RFI, .rfi = { 0x01020304, 0xfffffffe } },
  { .kind = PF_GS_MSG_LTR_ACK, .frame = 0x01020304 },
  { .kind = PF_GS_MSG_INPUT, .input = { input, sizeof input } },
  { .kind = PF_GS_MSG_FEC_STATUS,
      .fec = { 0x01020304, 0x0506, 0x0708, 0x090a, 0x0b0c, 0x0d0e, 0x0f10,
          0x1112, 0x13, 0x14, 0x15 } },
  { .kind = PF_GS_MSG_RUMBLE, .rumble = { 3, 0x1234, 0xabcd } },
  { .kind = PF_GS_MSG_TRIGGER_RUMBLE, .trigger_rumble = { 3, 4, 0xffff } },
  { .kind = PF_GS_MSG_MOTION_RATE, .motion_rate = { 15, 250, 2 } },
  { .kind = PF_GS_MSG_LED, .led = { 1, 2, 3, 255 } },
  { .kind = PF_GS_MSG_TRIGGERS,
      .triggers = { 1, 12, 2, 3, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 },
          { 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 } } },
  { .kind = PF_GS_MSG_HDR,
      .hdr = { 1, { 34000, 16000 }, { 13250, 34500 }, { 7500, 3000 },
          { 15635, 16450 }, 1000, 50, 800, 400, 600 } },
  { .kind = PF_GS_MSG_TERMINATION, .code = PF_GS_END_GRACEFUL },
};

enum { N_ALL = sizeof all / sizeof *all };

static bool
from_host (const PfGsMsg *m)
{
  return m->kind >= PF_GS_MSG_RUMBLE;
}

static void
test_all (void)
{
  for (unsigned i = 0; i < N_ALL; i++) {
    uint8_t bytes[PF_GS_MSG_MAX], again[PF_GS_MSG_MAX];
    size_t size, n;
    PfGsMsg m;

    PF_REQUIRE_INT (
        pf_gs_msg_encode (&all[i], bytes, sizeof bytes, &size), ==, 0);
    PF_CHECK_INT (
        pf_gs_msg_encode (&all[i], again, size - 1, &n), ==, PF_ERR_RANGE);
    PF_REQUIRE_INT (
        pf_gs_msg_decode (bytes, size, from_host (&all[i]), &m), ==, 0);
    PF_CHECK_INT (m.kind, ==, all[i].kind);
    PF_REQUIRE_INT (pf_gs_msg_encode (&m, again, sizeof again, &n), ==, 0);
    PF_CHECK_UINT (n, ==, size);
    PF_CHECK_MEM (again, bytes, size);
    /* the same number means nothing, or another thing, the other way */
    if (pf_gs_msg_decode (bytes, size, !from_host (&all[i]), &m) == 0)
      PF_CHECK_INT (m.kind, !=, all[i].kind);
    for (size_t cut = 0; cut < size; cut++)
      PF_CHECK_INT (pf_gs_msg_decode (bytes, cut, from_host (&all[i]), &m), ==,
          PF_ERR_INVALID);
    /* shorter, and saying so */
    for (size_t cut = PF_GS_MSG_HEADER; cut < size; cut++) {
      uint8_t *exact = malloc (cut);

      PF_REQUIRE (exact != NULL);
      memcpy (exact, bytes, cut);
      pf_put_le16 (exact + 2, (uint16_t) (cut - PF_GS_MSG_HEADER));
      pf_gs_msg_decode (exact, cut, from_host (&all[i]), &m);
      free (exact);
    }
  }
}

static void
test_bytes (void)
{
  static const uint8_t fec[] = { 0x02, 0x55, 21, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21 };
  static const uint8_t end[] = { 0x09, 0x01, 4, 0, 0x80, 0x03, 0x00, 0x23 };
  static const uint8_t unknown[] = { 0x01, 0x30, 1, 0, 1 };
  static const uint8_t wrong[] = { 0x02, 0x03, 3, 0, 0, 0 };
  static const uint8_t short_rfi[15] = { 0x01, 0x03, 11, 0 };
  static const uint8_t hdr_off[] = { 0x0e, 0x01, 1, 0, 0 };
  PfGsMsg m;

  PF_REQUIRE_INT (pf_gs_msg_decode (fec, sizeof fec, false, &m), ==, 0);
  PF_CHECK_UINT (m.fec.frame, ==, 0x01020304);
  PF_CHECK_UINT (m.fec.highest, ==, 0x0506);
  PF_CHECK_UINT (m.fec.parity_received, ==, 0x1112);
  PF_CHECK_UINT (m.fec.n_blocks, ==, 21);
  PF_REQUIRE_INT (pf_gs_msg_decode (end, sizeof end, true, &m), ==, 0);
  PF_CHECK_UINT (m.code, ==, PF_GS_END_GRACEFUL);
  PF_REQUIRE_INT (pf_gs_msg_decode (hdr_off, sizeof hdr_off, true, &m), ==, 0);
  PF_CHECK_UINT (m.hdr.enabled, ==, 0);
  PF_CHECK_INT (pf_gs_msg_decode (unknown, sizeof unknown, false, &m), ==,
      PF_ERR_UNSUPPORTED);
  PF_CHECK_INT (
      pf_gs_msg_decode (wrong, sizeof wrong, false, &m), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_gs_msg_decode (short_rfi, sizeof short_rfi, false, &m), ==,
      PF_ERR_INVALID);
  m.kind = 99;
  PF_CHECK_INT (pf_gs_msg_encode (&m, (uint8_t[99]){ 0 }, 99, &(size_t){ 0 }),
      ==, PF_ERR_INVALID);
}

/* ---- Envelopes ---------------------------------------------------------- */

static size_t
seal (PfGsControl *c, const PfGsMsg *m, uint8_t *out)
{
  uint8_t plain[PF_GS_MSG_MAX];
  size_t size, sealed = 0;

  PF_REQUIRE_INT (pf_gs_msg_encode (m, plain, sizeof plain, &size), ==, 0);
  PF_REQUIRE_INT (pf_gs_control_seal (c, plain, size, out, &sealed), ==, 0);
  return sealed;
}

static void
test_hostile (const void *data)
{
  const bool version2 = *(const bool *) data;
  uint8_t first[PF_GS_CONTROL_MAX], second[PF_GS_CONTROL_MAX];
  uint8_t changed[PF_GS_CONTROL_MAX + 1];
  PfGsControl *host, *client;
  const PfGsControlStats *stats;
  const uint8_t *plain = NULL;
  size_t n1, n2, size = 0;

  PF_REQUIRE_INT (pf_gs_control_new (true, version2, key, &host), ==, 0);
  PF_REQUIRE_INT (pf_gs_control_new (false, version2, key, &client), ==, 0);
  stats = pf_gs_control_stats (host);
  n1 = seal (client, &all[0], first);
  n2 = seal (client, &all[5], second);
  for (size_t i = 0; i < n1; i++) {
    memcpy (changed, first, n1);
    changed[i] ^= 0x10;
    /* version 1 has only one byte of the number in its nonce */
    if (!version2 && i >= 5 && i < 8)
      continue;
    PF_CHECK_INT (pf_gs_control_open (host, changed, n1, &plain, &size), <, 0);
    PF_CHECK_INT (
        pf_gs_control_open (host, first, i, &plain, &size), ==, PF_ERR_INVALID);
  }
  memcpy (changed, first, n1);
  PF_CHECK_INT (pf_gs_control_open (host, changed, n1 + 1, &plain, &size), ==,
      PF_ERR_INVALID);
  PF_CHECK_UINT (stats->opened, ==, 0);
  PF_CHECK (plain == NULL && size == 0);
  /* the later one may come first; none comes twice */
  PF_CHECK_INT (pf_gs_control_open (host, second, n2, &plain, &size), ==, 0);
  PF_CHECK_INT (pf_gs_control_open (host, first, n1, &plain, &size), ==, 0);
  PF_CHECK_INT (
      pf_gs_control_open (host, first, n1, &plain, &size), ==, PF_ERR_REPLAY);
  PF_CHECK_INT (
      pf_gs_control_open (host, second, n2, &plain, &size), ==, PF_ERR_REPLAY);
  PF_CHECK_UINT (stats->opened, ==, 2);
  PF_CHECK_UINT (stats->replayed, ==, 2);
  PF_CHECK_UINT (stats->forged, >, 0);
  PF_CHECK_UINT (stats->malformed, >, 0);
  /* one's own messages come back: only version 1 cannot tell */
  if (version2)
    PF_CHECK_INT (
        pf_gs_control_open (client, first, n1, &plain, &size), ==, PF_ERR_AUTH);
  pf_gs_control_free (host);
  pf_gs_control_free (client);
}

/* Plain messages, and an envelope in an envelope. */
static void
test_nested (void)
{
  static const uint8_t nested[6] = { 1, 0, 2, 0, 0, 0 };
  uint8_t out[PF_GS_CONTROL_MAX], plain_idr[32] = { 2, 3, 28, 0 };
  PfGsControl *host, *client;
  const uint8_t *plain;
  size_t size;

  PF_REQUIRE_INT (pf_gs_control_new (true, true, key, &host), ==, 0);
  PF_REQUIRE_INT (pf_gs_control_new (false, true, key, &client), ==, 0);
  PF_CHECK_INT (
      pf_gs_control_open (host, plain_idr, sizeof plain_idr, &plain, &size), ==,
      PF_ERR_INVALID);
  PF_REQUIRE_INT (
      pf_gs_control_seal (client, nested, sizeof nested, out, &size), ==, 0);
  PF_CHECK_INT (
      pf_gs_control_open (host, out, size, &plain, &size), ==, PF_ERR_INVALID);
  PF_CHECK_UINT (pf_gs_control_stats (host)->malformed, ==, 2);
  PF_CHECK_INT (pf_gs_control_seal (client, out, PF_GS_MSG_MAX + 1, out, &size),
      ==, PF_ERR_RANGE);
  PF_CHECK_INT (
      pf_gs_control_seal (client, out, 3, out, &size), ==, PF_ERR_RANGE);
  pf_gs_control_free (host);
  pf_gs_control_free (client);
}

int
main (int argc, char **argv)
{
  static const bool v1 = false, v2 = true;

  PF_TEST_ADD ("/gs-control/vectors", test_vectors);
  PF_TEST_ADD ("/gs-control/all", test_all);
  PF_TEST_ADD ("/gs-control/bytes", test_bytes);
  pf_test_add_data ("/gs-control/hostile-v2", test_hostile, &v2);
  pf_test_add_data ("/gs-control/hostile-v1", test_hostile, &v1);
  PF_TEST_ADD ("/gs-control/nested", test_nested);
  return pf_test_run (argc, argv);
}
