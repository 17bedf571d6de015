/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's answers over HTTP, and all pairings of a host at once.
 */
#include <stdio.h>
#include <string.h>

#include "crypto-vectors.h"
#include "pf-gs-pair-desk.h"
#include "pf-gs-sdp.h"
#include "pf-test.h"

static char out[PF_GS_PAIR_ANSWER + 1];

static PfGsWriter
writer (void)
{
  memset (out, 0, sizeof out);
  return (PfGsWriter){ .bytes = out, .room = sizeof out - 1 };
}

static PfGsText
t (const char *string)
{
  return (PfGsText){ string, strlen (string) };
}

/* ---- XML ---------------------------------------------------------------- */

#define HEAD "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"

static void
test_server_info (void)
{
  PfGsServerInfo info = { .hostname = "den & \"attic\"",
    .unique_id = "0b3c",
    .mac = "aa:bb:cc:dd:ee:ff",
    .local_ip = "192.0.2.1",
    .https_port = 47984,
    .http_port = 47989,
    .codecs = PF_GS_CODEC_H264 | PF_GS_CODEC_HEVC,
    .paired = true,
    .app = 5 };
  PfGsWriter w = writer ();

  pf_gs_xml_server_info (&w, &info);
  PF_CHECK_STR (out,
      HEAD "<root status_code=\"200\">"
           "<hostname>den &amp; &quot;attic&quot;</hostname>"
           "<appversion>7.1.431.-1</appversion>"
           "<GfeVersion>3.23.0.74</GfeVersion><uniqueid>0b3c</uniqueid>"
           "<HttpsPort>47984</HttpsPort><ExternalPort>47989</ExternalPort>"
           "<MaxLumaPixelsHEVC>1869449984</MaxLumaPixelsHEVC>"
           "<mac>aa:bb:cc:dd:ee:ff</mac><LocalIP>192.0.2.1</LocalIP>"
           "<ServerCodecModeSupport>257</ServerCodecModeSupport>"
           "<PairStatus>1</PairStatus><currentgame>5</currentgame>"
           "<state>SUNSHINE_SERVER_BUSY</state></root>");
  /* a stranger, over IPv6 */
  info.paired = false;
  info.local_ip = NULL;
  info.codecs = PF_GS_CODEC_H264;
  w = writer ();
  pf_gs_xml_server_info (&w, &info);
  PF_CHECK (strstr (out, "<mac>00:00:00:00:00:00</mac>") != NULL);
  PF_CHECK (strstr (out, "<LocalIP>127.0.0.1</LocalIP>") != NULL);
  PF_CHECK (strstr (out, "<MaxLumaPixelsHEVC>0</MaxLumaPixelsHEVC>") != NULL);
  PF_CHECK (strstr (out, "<PairStatus>0</PairStatus>"
                         "<currentgame>0</currentgame>"
                         "<state>SUNSHINE_SERVER_FREE</state>") != NULL);
  PF_CHECK (strstr (out, "MJOLNIR") == NULL);
}

static void
test_answers (void)
{
  PfGsWriter w = writer ();

  pf_gs_xml_begin (&w, 200, NULL);
  pf_gs_xml_app (&w, 881448767, "Desktop", true);
  pf_gs_xml_app (&w, 2, "\303\204 <b>\001\177\n", false);
  pf_gs_xml_end (&w);
  PF_CHECK_STR (out, HEAD
      "<root status_code=\"200\">"
      "<App><IsHdrSupported>1</IsHdrSupported>"
      "<AppTitle>Desktop</AppTitle><ID>881448767</ID></App>"
      "<App><IsHdrSupported>0</IsHdrSupported>"
      "<AppTitle>\303\204 &lt;b&gt;?\?\?</AppTitle><ID>2</ID></App></root>");
  w = writer ();
  pf_gs_xml_session (&w, false, true, "192.0.2.1", 48010);
  PF_CHECK_STR (out, HEAD "<root status_code=\"200\"><sessionUrl0>"
                          "rtspenc://192.0.2.1:48010</sessionUrl0>"
                          "<gamesession>1</gamesession></root>");
  w = writer ();
  pf_gs_xml_session (&w, true, false, "2001:db8::1", 50010);
  PF_CHECK_STR (out, HEAD "<root status_code=\"200\"><sessionUrl0>"
                          "rtsp://[2001:db8::1]:50010</sessionUrl0>"
                          "<resume>1</resume></root>");
  w = writer ();
  pf_gs_xml_begin (&w, 503, "no \"encoder\"");
  PF_CHECK_STR (out, HEAD "<root status_code=\"503\" "
                          "status_message=\"no &quot;encoder&quot;\">");
}

/* What is no UTF-8, or none that XML can carry, is replaced byte by byte. */
static void
test_bad_text (void)
{
  static const struct {
    const char *text, *written;
  } cases[] = {
    { "\377", "?" },
    { "a\303", "a?" },
    { "\303(", "?(" },
    { "\300\200", "?\?" },
    { "\355\240\200", "?\?\?" },
    { "\364\220\200\200", "?\?\?\?" },
    { "\357\277\277", "?\?\?" },
    { "\360\237\230\200", "\360\237\230\200" },
    { "\342\200\256x", "\342\200\256x" },
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    PfGsWriter w = writer ();
    char expected[64];

    snprintf (expected, sizeof expected, "<x>%s</x>", cases[i].written);
    pf_gs_xml_text (&w, "x", cases[i].text);
    PF_CHECK_STR (out, expected);
  }
}

/* ---- Pairings ----------------------------------------------------------- */

static PfGsCert *server, *client;
static PfGsPairDesk *desk;
static PfGsPairClient *pair;
static char salt[64], cert[PF_GS_PAIR_TEXT + 1], value[PF_GS_PAIR_TEXT + 1];
static uint32_t id;
static const PfGsCert *stored;

static PfGsCert *
load_cert (const PfJson *root, const char *cert_name, const char *key_name)
{
  const char *pem = pf_json_string (pf_json_member (root, cert_name));
  const char *key = pf_json_string (pf_json_member (root, key_name));
  PfGsCert *c = NULL;

  PF_REQUIRE_INT (
      pf_gs_cert_new (pem, strlen (pem), key, strlen (key), &c), ==, 0);
  return c;
}

static void
new_client (const char *pin)
{
  uint8_t bytes[PF_GS_PAIR_CLIENT_RANDOM];

  pf_gs_pair_client_free (pair);
  pf_test_random_bytes (bytes, sizeof bytes);
  PF_REQUIRE_INT (pf_gs_pair_client_new (client, pin, bytes, &pair), ==, 0);
  pf_gs_pair_client_salt (pair, salt);
  pf_gs_pair_client_cert (pair, cert);
}

static void
open_desk (void)
{
  const PfJson *root = crypto_vectors_load ("gamestream/pairing.json");

  server = load_cert (root, "server_cert_pem", "server_key_pem");
  client = load_cert (root, "client_cert_pem", "client_key_pem");
  pair = NULL;
  PF_REQUIRE_INT (pf_gs_pair_desk_new (server, &desk), ==, 0);
  new_client ("4711");
}

static void
close_desk (void)
{
  pf_gs_pair_client_free (pair);
  pf_gs_pair_desk_free (desk);
  pf_gs_cert_free (server);
  pf_gs_cert_free (client);
  crypto_vectors_clear ();
}

static PfGsPairRequest
request (uint8_t host)
{
  const uint8_t ip[4] = { 192, 0, 2, host };
  PfGsPairRequest r = { .peer = pf_peer_address_v4 (ip, 40000),
    .unique_id = t ("0123456789ABCDEF") };

  pf_test_random_bytes (r.random, sizeof r.random);
  return r;
}

static PfGsPairResult
ask (PfGsPairRequest *r, uint64_t now)
{
  PfGsWriter w = writer ();

  /* another connection each time */
  r->peer.port++;
  return pf_gs_pair_desk_request (desk, r, now, &w, &id, &stored);
}

static PfGsPairResult
ask_first (uint8_t host)
{
  PfGsPairRequest r = request (host);

  r.phrase = t ("getservercert");
  r.salt = t (salt);
  r.client_cert = t (cert);
  return ask (&r, 0);
}

/* The value of an element of the last answer. */
static PfGsText
element (const char *name)
{
  char tag[32];
  const char *at;

  snprintf (tag, sizeof tag, "<%s>", name);
  at = strstr (out, tag);
  PF_REQUIRE (at != NULL);
  at += strlen (tag);
  return (PfGsText){ at, strcspn (at, "<") };
}

static bool
is_refused (const char *status)
{
  char head[64];

  snprintf (head, sizeof head, "<root status_code=\"%s\"", status);
  return strstr (out, head) && strstr (out, "<paired>0</paired>");
}

/* From the PIN to the fourth phase. */
static void
go_through (uint8_t host, uint32_t which)
{
  PfGsPairRequest r = request (host);
  PfGsWriter w = writer ();

  PF_REQUIRE_INT (pf_gs_pair_desk_pin (desk, which, t ("4711"), 0, &w), ==, 0);
  PF_REQUIRE_INT (
      pf_gs_pair_client_challenge (pair, element ("plaincert"), value), ==, 0);
  r.challenge = t (value);
  PF_REQUIRE_INT (ask (&r, 0), ==, PF_GS_PAIR_ANSWERED);
  PF_REQUIRE_INT (
      pf_gs_pair_client_response (pair, element ("challengeresponse"), value),
      ==, 0);
  r = request (host);
  r.response = t (value);
  PF_REQUIRE_INT (ask (&r, 0), ==, PF_GS_PAIR_ANSWERED);
  PF_REQUIRE_INT (
      pf_gs_pair_client_secret (pair, element ("pairingsecret"), value), ==, 0);
  r = request (host);
  r.secret = t (value);
  PF_REQUIRE_INT (ask (&r, 0), ==, PF_GS_PAIR_ANSWERED);
  PF_CHECK_STR (
      out, HEAD "<root status_code=\"200\"><paired>1</paired></root>");
}

static void
test_desk (void)
{
  PfGsPairRequest r;
  uint32_t ids[PF_GS_PAIR_DESK_MAX];
  const uint8_t *der;
  size_t size;

  open_desk ();
  der = pf_gs_cert_der (client, &size);
  PF_CHECK_INT (ask_first (1), ==, PF_GS_PAIR_PARKED);
  PF_CHECK_STR (out, "");
  PF_REQUIRE_UINT (pf_gs_pair_desk_waiting (desk, 0, ids), ==, 1);
  PF_CHECK_UINT (ids[0], ==, id);
  go_through (1, id);
  PF_CHECK (pf_gs_pair_desk_may_confirm (desk, der, size, 0));
  PF_CHECK (!pf_gs_pair_desk_may_confirm (desk, der, size - 1, 0));
  r = request (1);
  r.phrase = t ("pairchallenge");
  r.der = der;
  r.der_size = size;
  PF_CHECK_INT (ask (&r, 0), ==, PF_GS_PAIR_STORE);
  PF_REQUIRE (stored != NULL);
  PF_CHECK (pf_gs_cert_is (stored, der, size));
  PF_CHECK_INT (pf_gs_pair_desk_state (desk, id), ==, PF_GS_PAIR_DONE);
  PF_CHECK (!pf_gs_pair_desk_may_confirm (desk, der, size, 0));
  /* once */
  PF_CHECK_INT (ask (&r, 0), ==, PF_GS_PAIR_ANSWERED);
  PF_CHECK (is_refused ("400") && stored == NULL);
  close_desk ();
}

/* The last phase needs TLS. */
static void
test_plain_confirm (void)
{
  PfGsPairRequest r;

  open_desk ();
  PF_REQUIRE_INT (ask_first (1), ==, PF_GS_PAIR_PARKED);
  go_through (1, id);
  r = request (1);
  r.phrase = t ("pairchallenge");
  PF_CHECK_INT (ask (&r, 0), ==, PF_GS_PAIR_ANSWERED);
  PF_CHECK (is_refused ("404") && stored == NULL);
  PF_CHECK_INT (pf_gs_pair_desk_state (desk, id), ==, PF_GS_PAIR_FAILED);
  close_desk ();
}

/* Two devices with the same name: each PIN is for one of them. */
static void
test_two (void)
{
  uint32_t ids[PF_GS_PAIR_DESK_MAX], first, second;
  PfGsPairRequest r;
  PfGsWriter w;

  open_desk ();
  PF_REQUIRE_INT (ask_first (1), ==, PF_GS_PAIR_PARKED);
  first = id;
  PF_REQUIRE_INT (ask_first (2), ==, PF_GS_PAIR_PARKED);
  second = id;
  PF_CHECK_UINT (pf_gs_pair_desk_waiting (desk, 0, ids), ==, 2);
  w = writer ();
  PF_CHECK_INT (pf_gs_pair_desk_pin (desk, second + 1, t ("4711"), 0, &w), ==,
      PF_ERR_INVALID);
  PF_CHECK_STR (out, "");
  go_through (2, second);
  PF_CHECK_INT (pf_gs_pair_desk_state (desk, first), ==, PF_GS_PAIR_AWAIT_PIN);
  /* the PIN was for once */
  w = writer ();
  PF_CHECK_INT (pf_gs_pair_desk_pin (desk, second, t ("4711"), 0, &w), ==,
      PF_ERR_INVALID);
  /* what is not due ends the one, not the other */
  r = request (1);
  r.challenge = t ("00112233445566778899aabbccddeeff");
  PF_CHECK_INT (ask (&r, 0), ==, PF_GS_PAIR_ANSWERED);
  PF_CHECK (is_refused ("400"));
  PF_CHECK_INT (pf_gs_pair_desk_state (desk, first), ==, PF_GS_PAIR_FAILED);
  PF_CHECK_INT (pf_gs_pair_desk_state (desk, second), ==, PF_GS_PAIR_PROVEN);
  close_desk ();
}

static void
test_wrong_pin (void)
{
  PfGsPairRequest r;
  PfGsWriter w;

  open_desk ();
  PF_REQUIRE_INT (ask_first (1), ==, PF_GS_PAIR_PARKED);
  w = writer ();
  PF_CHECK_INT (pf_gs_pair_desk_pin (desk, id, t ("471"), 0, &w), <, 0);
  PF_CHECK (is_refused ("400"));
  PF_CHECK_INT (pf_gs_pair_desk_state (desk, id), ==, PF_GS_PAIR_FAILED);
  /* one that is taken, and is another than the client's */
  PF_REQUIRE_INT (ask_first (1), ==, PF_GS_PAIR_PARKED);
  w = writer ();
  PF_CHECK_INT (pf_gs_pair_desk_pin (desk, id, t ("1234"), 0, &w), ==, 0);
  r = request (1);
  r.challenge = t ("00112233445566778899aabbccddeeff");
  PF_CHECK_INT (ask (&r, 0), ==, PF_GS_PAIR_ANSWERED);
  r = request (1);
  r.response = t ("00112233445566778899aabbccddeeff"
                  "00112233445566778899aabbccddeeff");
  PF_CHECK_INT (ask (&r, 0), ==, PF_GS_PAIR_ANSWERED);
  /* the signature is right, the proof is not */
  {
    uint8_t secret[16 + PF_GS_SIGNATURE_MAX] = { 0 };
    static const char digits[] = "0123456789abcdef";
    size_t n;

    PF_REQUIRE_INT (
        pf_gs_cert_sign (client, secret, 16, secret + 16, &n), ==, 0);
    for (size_t i = 0; i < 16 + n; i++) {
      value[2 * i] = digits[secret[i] >> 4];
      value[2 * i + 1] = digits[secret[i] & 15];
    }
    value[2 * (16 + n)] = '\0';
  }
  r = request (1);
  r.secret = t (value);
  PF_CHECK_INT (ask (&r, 0), ==, PF_GS_PAIR_ANSWERED);
  PF_CHECK_STR (
      out, HEAD "<root status_code=\"200\"><paired>0</paired></root>");
  PF_CHECK_INT (pf_gs_pair_desk_state (desk, id), ==, PF_GS_PAIR_FAILED);
  close_desk ();
}

/* A new attempt takes the place of the old one; there are not many. */
static void
test_places (void)
{
  uint32_t ids[PF_GS_PAIR_DESK_MAX], old;
  PfGsPairRequest r = request (1);
  char name[PF_GS_PAIR_NAME + 1];

  open_desk ();
  PF_REQUIRE_INT (ask_first (1), ==, PF_GS_PAIR_PARKED);
  old = id;
  PF_REQUIRE_INT (ask_first (1), ==, PF_GS_PAIR_PARKED);
  PF_CHECK_UINT (id, !=, old);
  PF_CHECK_UINT (pf_gs_pair_desk_waiting (desk, 0, ids), ==, 1);
  for (uint8_t i = 2; i <= PF_GS_PAIR_DESK_MAX; i++)
    PF_REQUIRE_INT (ask_first (i), ==, PF_GS_PAIR_PARKED);
  PF_CHECK_INT (ask_first (100), ==, PF_GS_PAIR_ANSWERED);
  PF_CHECK (is_refused ("503"));
  pf_gs_pair_desk_unpair (desk, &r.peer, t ("another"));
  PF_CHECK_INT (ask_first (100), ==, PF_GS_PAIR_ANSWERED);
  pf_gs_pair_desk_unpair (desk, &r.peer, r.unique_id);
  PF_CHECK_INT (ask_first (100), ==, PF_GS_PAIR_PARKED);
  pf_gs_pair_desk_cancel (desk, id);
  PF_CHECK_UINT (
      pf_gs_pair_desk_waiting (desk, 0, ids), ==, PF_GS_PAIR_DESK_MAX - 1);
  /* nobody said a PIN */
  PF_CHECK_UINT (pf_gs_pair_desk_waiting (desk, PF_GS_PAIR_PIN_NS, ids), ==, 0);
  memset (name, 'a', sizeof name);
  r.unique_id = (PfGsText){ name, sizeof name };
  PF_CHECK_INT (ask (&r, 0), ==, PF_GS_PAIR_ANSWERED);
  PF_CHECK (is_refused ("400"));
  r.unique_id.size = 0;
  PF_CHECK_INT (ask (&r, 0), ==, PF_GS_PAIR_ANSWERED);
  PF_CHECK (is_refused ("400"));
  close_desk ();
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/gs-http/server-info", test_server_info);
  PF_TEST_ADD ("/gs-http/answers", test_answers);
  PF_TEST_ADD ("/gs-http/bad-text", test_bad_text);
  PF_TEST_ADD ("/gs-http/desk", test_desk);
  PF_TEST_ADD ("/gs-http/plain-confirm", test_plain_confirm);
  PF_TEST_ADD ("/gs-http/two", test_two);
  PF_TEST_ADD ("/gs-http/wrong-pin", test_wrong_pin);
  PF_TEST_ADD ("/gs-http/places", test_places);
  return pf_test_run (argc, argv);
}
