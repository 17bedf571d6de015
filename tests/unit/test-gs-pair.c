/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's pairing: a recorded one of a real client from both ends, and
 * everything that must end one.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto-vectors.h"
#include "pf-gs-pair-private.h"
#include "pf-test.h"

static char out[PF_GS_PAIR_TEXT + 1], text[5][PF_GS_PAIR_TEXT + 1];

static PfGsText
t (const char *string)
{
  return (PfGsText){ string, strlen (string) };
}

/* ---- Recorded ----------------------------------------------------------- */

static const PfJson *root;
static PfGsCert *server, *client;
static uint8_t host_random[PF_GS_PAIR_RANDOM];
static uint8_t client_random[PF_GS_PAIR_CLIENT_RANDOM];

static PfGsCert *
recorded_cert (const char *cert, const char *key)
{
  const char *pem = pf_json_string (pf_json_member (root, cert));
  const char *key_pem = pf_json_string (pf_json_member (root, key));
  PfGsCert *c = NULL;

  PF_REQUIRE_INT (
      pf_gs_cert_new (pem, strlen (pem), key_pem, strlen (key_pem), &c), ==, 0);
  return c;
}

static void
recorded_bytes (const char *name, uint8_t *to)
{
  const Bytes b = crypto_vectors_hex (pf_json_member (root, name));

  PF_REQUIRE_UINT (b.size, ==, 16);
  memcpy (to, b.data, 16);
}

static void
load (void)
{
  root = crypto_vectors_load ("gamestream/pairing.json");
  server = recorded_cert ("server_cert_pem", "server_key_pem");
  client = recorded_cert ("client_cert_pem", "client_key_pem");
  recorded_bytes ("server_secret", host_random);
  recorded_bytes ("server_challenge", host_random + 16);
  recorded_bytes ("salt", client_random);
  recorded_bytes ("client_challenge", client_random + 16);
  recorded_bytes ("client_secret", client_random + 32);
}

static void
unload (void)
{
  pf_gs_cert_free (server);
  pf_gs_cert_free (client);
  crypto_vectors_clear ();
}

/* A parameter of a recorded request. */
static PfGsText
asked (const PfJson *steps, unsigned i, const char *name)
{
  const PfJson *params = pf_json_member (pf_json_at (steps, i), "params");
  const char *s = pf_json_string (pf_json_member (params, name));

  PF_REQUIRE (s != NULL);
  return t (s);
}

/* Is this what was answered? */
static void
check_answer (
    const PfJson *steps, unsigned i, const char *element, const char *value)
{
  const char *body =
      pf_json_string (pf_json_member (pf_json_at (steps, i), "response_body"));
  char tag[64];
  const char *at;

  PF_REQUIRE (body != NULL);
  snprintf (tag, sizeof tag, "<%s>", element);
  at = strstr (body, tag);
  PF_REQUIRE (at != NULL);
  at += strlen (tag);
  PF_CHECK_UINT (strcspn (at, "<"), ==, strlen (value));
  PF_CHECK_MEM (at, value, strlen (value));
}

static PfGsPairHost *
replay_host (const PfJson *steps, const char *pin)
{
  PfGsPairHost *h;

  PF_REQUIRE_INT (pf_gs_pair_host_new (server, 0, host_random, &h), ==, 0);
  PF_REQUIRE_INT (pf_gs_pair_host_begin (h, asked (steps, 0, "salt"),
                      asked (steps, 0, "clientcert"), 0),
      ==, 0);
  PF_REQUIRE_INT (pf_gs_pair_host_pin (h, pin, strlen (pin), 0, out), ==, 0);
  check_answer (steps, 0, "plaincert", out);
  PF_REQUIRE_INT (pf_gs_pair_host_challenge (
                      h, asked (steps, 1, "clientchallenge"), 0, out),
      ==, 0);
  check_answer (steps, 1, "challengeresponse", out);
  PF_REQUIRE_INT (pf_gs_pair_host_response (
                      h, asked (steps, 2, "serverchallengeresp"), 0, out),
      ==, 0);
  check_answer (steps, 2, "pairingsecret", out);
  PF_CHECK (pf_gs_pair_host_client (h) == NULL);
  return h;
}

static void
test_vector_host (void)
{
  const PfJson *steps;
  const uint8_t *der;
  PfGsPairHost *h;
  size_t size;

  load ();
  steps = pf_json_member (root, "steps");
  h = replay_host (steps, pf_json_string (pf_json_member (root, "pin")));
  PF_REQUIRE_INT (
      pf_gs_pair_host_secret (h, asked (steps, 3, "clientpairingsecret"), 0),
      ==, 0);
  PF_CHECK_INT (pf_gs_pair_host_state (h), ==, PF_GS_PAIR_PROVEN);
  PF_REQUIRE (pf_gs_pair_host_client (h) != NULL);
  der = pf_gs_cert_der (client, &size);
  PF_CHECK_INT (pf_gs_pair_host_confirm (h, der, size, 0), ==, 0);
  PF_CHECK_INT (pf_gs_pair_host_state (h), ==, PF_GS_PAIR_DONE);
  PF_CHECK_UINT (pf_gs_pair_host_wake (h), ==, UINT64_MAX);
  pf_gs_pair_host_free (h);
  unload ();
}

/* A client that does not check the PIN itself goes on; the host refuses. */
static void
test_vector_wrong_pin (void)
{
  const PfJson *steps, *wrong;
  PfGsPairHost *h;

  load ();
  wrong = pf_json_member (root, "wrong_pin");
  steps = pf_json_member (wrong, "steps");
  h = replay_host (steps, pf_json_string (pf_json_member (wrong, "host_pin")));
  PF_CHECK_INT (
      pf_gs_pair_host_secret (h, asked (steps, 3, "clientpairingsecret"), 0),
      ==, PF_ERR_AUTH);
  PF_CHECK_INT (pf_gs_pair_host_state (h), ==, PF_GS_PAIR_FAILED);
  PF_CHECK (pf_gs_pair_host_client (h) == NULL);
  /* one attempt */
  PF_CHECK_INT (
      pf_gs_pair_host_secret (h, asked (steps, 3, "clientpairingsecret"), 0),
      ==, PF_ERR_INVALID);
  pf_gs_pair_host_free (h);
  unload ();
}

static void
test_vector_client (void)
{
  const PfJson *steps;
  PfGsPairClient *c;
  PfGsPairHost *h;
  const char *pin;

  load ();
  steps = pf_json_member (root, "steps");
  pin = pf_json_string (pf_json_member (root, "pin"));
  PF_REQUIRE_INT (
      pf_gs_pair_client_new (client, pin, client_random, &c), ==, 0);
  pf_gs_pair_client_salt (c, out);
  PF_CHECK_STR (out, asked (steps, 0, "salt").data);
  pf_gs_pair_client_cert (c, out);
  PF_CHECK_STR (out, asked (steps, 0, "clientcert").data);
  /* the host's answers, that are checked above */
  PF_REQUIRE_INT (pf_gs_pair_host_new (server, 0, host_random, &h), ==, 0);
  PF_REQUIRE_INT (pf_gs_pair_host_begin (h, asked (steps, 0, "salt"),
                      asked (steps, 0, "clientcert"), 0),
      ==, 0);
  PF_REQUIRE_INT (pf_gs_pair_host_pin (h, pin, 4, 0, text[0]), ==, 0);
  PF_REQUIRE_INT (pf_gs_pair_client_challenge (c, t (text[0]), out), ==, 0);
  PF_CHECK_STR (out, asked (steps, 1, "clientchallenge").data);
  PF_REQUIRE_INT (pf_gs_pair_host_challenge (h, t (out), 0, text[1]), ==, 0);
  PF_REQUIRE_INT (pf_gs_pair_client_response (c, t (text[1]), out), ==, 0);
  PF_CHECK_STR (out, asked (steps, 2, "serverchallengeresp").data);
  PF_REQUIRE_INT (pf_gs_pair_host_response (h, t (out), 0, text[2]), ==, 0);
  PF_CHECK (pf_gs_pair_client_host (c) == NULL);
  PF_REQUIRE_INT (pf_gs_pair_client_secret (c, t (text[2]), out), ==, 0);
  PF_CHECK_STR (out, asked (steps, 3, "clientpairingsecret").data);
  PF_CHECK (pf_gs_pair_client_host (c) != NULL);
  pf_gs_pair_client_free (c);
  pf_gs_pair_host_free (h);
  unload ();
}

/* ---- Order -------------------------------------------------------------- */

/* What a right client sends, phase by phase: of a whole ceremony. */
static void
prepare (PfGsCert *by, const char *pin)
{
  PfGsPairClient *c;
  PfGsPairHost *h;

  PF_REQUIRE_INT (pf_gs_pair_client_new (by, pin, client_random, &c), ==, 0);
  PF_REQUIRE_INT (pf_gs_pair_host_new (server, 0, host_random, &h), ==, 0);
  pf_gs_pair_client_salt (c, text[0]);
  pf_gs_pair_client_cert (c, text[1]);
  PF_REQUIRE_INT (
      pf_gs_pair_host_begin (h, t (text[0]), t (text[1]), 0), ==, 0);
  PF_REQUIRE_INT (pf_gs_pair_host_pin (h, pin, 4, 0, out), ==, 0);
  PF_REQUIRE_INT (pf_gs_pair_client_challenge (c, t (out), text[2]), ==, 0);
  PF_REQUIRE_INT (pf_gs_pair_host_challenge (h, t (text[2]), 0, out), ==, 0);
  PF_REQUIRE_INT (pf_gs_pair_client_response (c, t (out), text[3]), ==, 0);
  PF_REQUIRE_INT (pf_gs_pair_host_response (h, t (text[3]), 0, out), ==, 0);
  PF_REQUIRE_INT (pf_gs_pair_client_secret (c, t (out), text[4]), ==, 0);
  pf_gs_pair_client_free (c);
  pf_gs_pair_host_free (h);
}

enum { N_PHASES = 6 };

/* Phase i, PIN among them, with what a right client sends. */
static int
phase (PfGsPairHost *h, unsigned i, uint64_t now)
{
  const uint8_t *der;
  size_t size;

  switch (i) {
  case 0:
    return pf_gs_pair_host_begin (h, t (text[0]), t (text[1]), now);
  case 1:
    return pf_gs_pair_host_pin (h, "4711", 4, now, out);
  case 2:
    return pf_gs_pair_host_challenge (h, t (text[2]), now, out);
  case 3:
    return pf_gs_pair_host_response (h, t (text[3]), now, out);
  case 4:
    return pf_gs_pair_host_secret (h, t (text[4]), now);
  default:
    der = pf_gs_cert_der (client, &size);
    return pf_gs_pair_host_confirm (h, der, size, now);
  }
}

/* After any number of right phases, every phase but the next one ends it. */
static void
test_order (void)
{
  load ();
  prepare (client, "4711");
  for (unsigned done = 0; done <= N_PHASES; done++)
    for (unsigned next = 0; next < N_PHASES; next++) {
      PfGsPairHost *h;

      PF_REQUIRE_INT (pf_gs_pair_host_new (server, 0, host_random, &h), ==, 0);
      for (unsigned i = 0; i < done; i++)
        PF_REQUIRE_INT (phase (h, i, 0), ==, 0);
      out[0] = '!';
      PF_CHECK_INT (phase (h, next, 0), ==, next == done ? 0 : PF_ERR_INVALID);
      if (next != done) {
        PF_CHECK_INT (out[0], ==, '!');
        PF_CHECK_INT (pf_gs_pair_host_state (h), ==, PF_GS_PAIR_FAILED);
        PF_CHECK (pf_gs_pair_host_client (h) == NULL);
        for (unsigned i = 0; i < N_PHASES; i++)
          PF_CHECK_INT (phase (h, i, 0), ==, PF_ERR_INVALID);
      }
      pf_gs_pair_host_free (h);
    }
  unload ();
}

static void
test_times (void)
{
  load ();
  prepare (client, "4711");
  for (unsigned done = 0; done < N_PHASES; done++)
    for (unsigned late = 0; late < 2; late++) {
      const uint64_t wait = done == 1 ? PF_GS_PAIR_PIN_NS : PF_GS_PAIR_STEP_NS;
      PfGsPairHost *h;

      PF_REQUIRE_INT (pf_gs_pair_host_new (server, 5, host_random, &h), ==, 0);
      for (unsigned i = 0; i < done; i++)
        PF_REQUIRE_INT (phase (h, i, 5), ==, 0);
      PF_CHECK_UINT (pf_gs_pair_host_wake (h), ==, 5 + wait);
      PF_CHECK_INT (
          phase (h, done, 4 + wait + late), ==, late ? PF_ERR_INVALID : 0);
      pf_gs_pair_host_free (h);
    }
  unload ();
}

/* ---- Values ------------------------------------------------------------- */

/* After the right phases one with this instead. */
static int
try_value (unsigned done, const char *value, size_t size)
{
  const PfGsText v = { value, size };
  PfGsPairHost *h;
  int ret;

  PF_REQUIRE_INT (pf_gs_pair_host_new (server, 0, host_random, &h), ==, 0);
  for (unsigned i = 0; i < done; i++)
    PF_REQUIRE_INT (phase (h, i, 0), ==, 0);
  if (done == 0)
    ret = pf_gs_pair_host_begin (h, v, t (text[1]), 0);
  else if (done == 1)
    ret = pf_gs_pair_host_pin (h, value, size, 0, out);
  else if (done == 2)
    ret = pf_gs_pair_host_challenge (h, v, 0, out);
  else if (done == 3)
    ret = pf_gs_pair_host_response (h, v, 0, out);
  else
    ret = pf_gs_pair_host_secret (h, v, 0);
  PF_CHECK_INT (pf_gs_pair_host_state (h) == PF_GS_PAIR_FAILED, ==, ret < 0);
  pf_gs_pair_host_free (h);
  return ret;
}

static void
test_values (void)
{
  static char bad[PF_GS_PAIR_TEXT + 3];
  static const char *const pins[] = { "", "471", "47110", "471a", "-471",
    "    " };

  load ();
  prepare (client, "4711");
  for (unsigned done = 0; done <= 4; done++) {
    const char *right = done == 0 ? text[0] : done == 1 ? "4711" : text[done];
    const size_t size = strlen (right);

    PF_CHECK_INT (try_value (done, right, size), ==, 0);
    PF_CHECK_INT (try_value (done, right, 0), ==, PF_ERR_INVALID);
    PF_CHECK_INT (try_value (done, right, size - 1), ==, PF_ERR_INVALID);
    PF_CHECK_INT (try_value (done, right, size - 2), <, 0);
    snprintf (bad, sizeof bad, "%s00", right);
    PF_CHECK_INT (try_value (done, bad, size + 2), <, 0);
    snprintf (bad, sizeof bad, "%s", right);
    bad[size / 2] = 'g';
    PF_CHECK_INT (try_value (done, bad, size), ==, PF_ERR_INVALID);
  }
  for (size_t i = 0; i < sizeof pins / sizeof *pins; i++)
    PF_CHECK_INT (try_value (1, pins[i], strlen (pins[i])), ==, PF_ERR_INVALID);
  /* the secret's first half as a whole: "<= 16 bytes" */
  PF_CHECK_INT (try_value (4, text[4], 32), ==, PF_ERR_INVALID);
  /* every byte of secret and signature counts */
  for (size_t i = 0; i < strlen (text[4]); i += 34) {
    snprintf (bad, sizeof bad, "%s", text[4]);
    bad[i] = bad[i] == '0' ? '1' : '0';
    PF_CHECK_INT (try_value (4, bad, strlen (bad)), ==, PF_ERR_AUTH);
  }
  /* the client's proof of the third phase is checked in the fourth */
  text[3][63] = text[3][63] == '0' ? '1' : '0';
  PF_CHECK_INT (try_value (4, text[4], strlen (text[4])), ==, PF_ERR_AUTH);
  unload ();
}

/* Every byte of the client's proof counts. */
static void
test_proof (void)
{
  uint8_t key[PF_GS_PAIR_BLOCK], right[PF_GS_PAIR_HASH];
  uint8_t proof[PF_GS_PAIR_HASH];

  load ();
  prepare (client, "4711");
  PF_REQUIRE_INT (pf_gs_pair_key (client_random, "4711", key), ==, 0);
  PF_REQUIRE_INT (pf_gs_pair_unhex (t (text[3]), right, sizeof right), ==, 0);
  PF_REQUIRE_INT (pf_gs_pair_crypt (false, key, right, sizeof right), ==, 0);
  for (unsigned i = 0; i <= PF_GS_PAIR_HASH; i++) {
    memcpy (proof, right, sizeof proof);
    if (i < PF_GS_PAIR_HASH)
      proof[i] ^= 0x40;
    PF_REQUIRE_INT (pf_gs_pair_crypt (true, key, proof, sizeof proof), ==, 0);
    pf_gs_pair_hex (proof, sizeof proof, text[3]);
    PF_CHECK_INT (try_value (4, text[4], strlen (text[4])), ==,
        i < PF_GS_PAIR_HASH ? PF_ERR_AUTH : 0);
  }
  unload ();
}

/* Upper-case digits are digits too. */
static void
test_upper_case (void)
{
  load ();
  prepare (client, "4711");
  for (unsigned i = 0; i < 5; i++)
    for (char *c = text[i]; *c; c++)
      if (*c >= 'a' && *c <= 'f')
        *c = (char) (*c - 'a' + 'A');
  PF_CHECK_INT (try_value (4, text[4], strlen (text[4])), ==, 0);
  unload ();
}

/* ---- Certificates ------------------------------------------------------- */

/* The text of a certificate of this key, and of the key; VERSION 0 is 1. */
static void
make_cert (EVP_PKEY *k, long version, char *cert_pem, char *key_pem,
    const EVP_CIPHER *cipher)
{
  static char password[] = "password";
  X509 *x = X509_new ();
  BIO *bio = BIO_new (BIO_s_mem ());
  const EVP_MD *md;
  int n;

  PF_REQUIRE (k != NULL && x != NULL && bio != NULL);
  X509_set_version (x, version);
  ASN1_INTEGER_set (X509_get_serialNumber (x), 1);
  X509_gmtime_adj (X509_getm_notBefore (x), -7200);
  X509_gmtime_adj (X509_getm_notAfter (x), -3600); /* long expired */
  X509_NAME_add_entry_by_txt (X509_get_subject_name (x), "CN", MBSTRING_ASC,
      (const unsigned char *) "NVIDIA GameStream Client", -1, -1, 0);
  X509_set_issuer_name (x, X509_get_subject_name (x));
  X509_set_pubkey (x, k);
  md = EVP_PKEY_is_a (k, "ED25519") ? NULL : EVP_sha256 ();
  PF_REQUIRE_INT (X509_sign (x, k, md), >, 0);
  PEM_write_bio_X509 (bio, x);
  n = BIO_read (bio, cert_pem, PF_GS_PEM_MAX);
  PF_REQUIRE_INT (n, >, 0);
  cert_pem[n] = '\0';
  PEM_write_bio_PrivateKey (bio, k, cipher, NULL, 0, NULL, password);
  n = BIO_read (bio, key_pem, PF_GS_PEM_MAX);
  PF_REQUIRE_INT (n, >, 0);
  key_pem[n] = '\0';
  BIO_free (bio);
  X509_free (x);
}

static char cert_pem[PF_GS_PEM_MAX + 1], key_pem[PF_GS_PEM_MAX + 1];

static int
try_cert (EVP_PKEY *k, long version, PfGsCert **cert)
{
  make_cert (k, version, cert_pem, key_pem, NULL);
  EVP_PKEY_free (k);
  return pf_gs_cert_new (
      cert_pem, strlen (cert_pem), key_pem, strlen (key_pem), cert);
}

static void
pair_with (PfGsCert *c)
{
  const uint8_t *der;
  PfGsPairHost *h;
  size_t size;

  prepare (c, "4711");
  PF_REQUIRE_INT (pf_gs_pair_host_new (server, 0, host_random, &h), ==, 0);
  for (unsigned i = 0; i < 5; i++)
    PF_REQUIRE_INT (phase (h, i, 0), ==, 0);
  /* somebody else's certificate over TLS is not this one */
  der = pf_gs_cert_der (server, &size);
  PF_CHECK_INT (pf_gs_pair_host_confirm (h, der, size, 0), ==, PF_ERR_AUTH);
  PF_CHECK (pf_gs_pair_host_client (h) == NULL);
  pf_gs_pair_host_free (h);
  pf_gs_cert_free (c);
}

static void
test_certs (void)
{
  PfGsCert *c = NULL;
  const char *key;

  load ();
  /* expired, of version 1, with an EC key: all may pair */
  PF_REQUIRE_INT (try_cert (EVP_RSA_gen (2048), 0, &c), ==, 0);
  pair_with (c);
  c = NULL;
  PF_REQUIRE_INT (try_cert (EVP_EC_gen ("P-256"), 2, &c), ==, 0);
  pair_with (c);
  c = NULL;
  PF_CHECK_INT (try_cert (EVP_RSA_gen (1024), 2, &c), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      try_cert (EVP_PKEY_Q_keygen (NULL, NULL, "ED25519"), 2, &c), <, 0);
  /* the key of another certificate, one with a password, none */
  key = pf_json_string (pf_json_member (root, "client_key_pem"));
  PF_CHECK_INT (
      pf_gs_cert_new (cert_pem, strlen (cert_pem), key, strlen (key), &c), ==,
      PF_ERR_INVALID);
  PF_CHECK_INT (pf_gs_cert_new (cert_pem, strlen (cert_pem), "", 0, &c), ==,
      PF_ERR_INVALID);
  PF_CHECK_INT (pf_gs_cert_new ("x", 1, NULL, 0, &c), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_gs_cert_new (cert_pem, PF_GS_PEM_MAX + 1, NULL, 0, &c), ==,
      PF_ERR_RANGE);
  PF_CHECK (c == NULL);
  unload ();
}

static void
test_password (void)
{
  EVP_PKEY *k = EVP_RSA_gen (2048);
  PfGsCert *c = NULL;

  make_cert (k, 2, cert_pem, key_pem, EVP_aes_128_cbc ());
  EVP_PKEY_free (k);
  PF_CHECK_INT (pf_gs_cert_new (
                    cert_pem, strlen (cert_pem), key_pem, strlen (key_pem), &c),
      ==, PF_ERR_INVALID);
}

/* ---- A client's own checks ---------------------------------------------- */

static void
test_client_checks (void)
{
  PfGsPairClient *c;
  PfGsPairHost *h;

  load ();
  for (int forged = 0; forged < 2; forged++) {
    const PfGsCert *shown = forged ? client : server;

    PF_REQUIRE_INT (
        pf_gs_pair_client_new (client, "4711", client_random, &c), ==, 0);
    PF_REQUIRE_INT (pf_gs_pair_host_new (server, 0, host_random, &h), ==, 0);
    pf_gs_pair_client_salt (c, text[0]);
    pf_gs_pair_client_cert (c, text[1]);
    PF_REQUIRE_INT (
        pf_gs_pair_host_begin (h, t (text[0]), t (text[1]), 0), ==, 0);
    PF_REQUIRE_INT (
        pf_gs_pair_host_pin (h, forged ? "4711" : "4712", 4, 0, out), ==, 0);
    if (shown == client)
      pf_gs_pair_client_cert (c, out); /* not the host's */
    PF_REQUIRE_INT (pf_gs_pair_client_challenge (c, t (out), text[2]), ==, 0);
    PF_REQUIRE_INT (pf_gs_pair_host_challenge (h, t (text[2]), 0, out), ==, 0);
    PF_REQUIRE_INT (pf_gs_pair_client_response (c, t (out), text[3]), ==, 0);
    PF_REQUIRE_INT (pf_gs_pair_host_response (h, t (text[3]), 0, out), ==, 0);
    PF_CHECK_INT (
        pf_gs_pair_client_secret (c, t (out), text[4]), ==, PF_ERR_AUTH);
    PF_CHECK_INT (pf_gs_pair_client_wrong_pin (c), ==, !forged);
    PF_CHECK (pf_gs_pair_client_host (c) == NULL);
    PF_CHECK_INT (
        pf_gs_pair_client_secret (c, t (out), text[4]), ==, PF_ERR_INVALID);
    pf_gs_pair_client_free (c);
    pf_gs_pair_host_free (h);
  }
  unload ();
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/gs-pair/vector-host", test_vector_host);
  PF_TEST_ADD ("/gs-pair/vector-wrong-pin", test_vector_wrong_pin);
  PF_TEST_ADD ("/gs-pair/vector-client", test_vector_client);
  PF_TEST_ADD ("/gs-pair/order", test_order);
  PF_TEST_ADD ("/gs-pair/times", test_times);
  PF_TEST_ADD ("/gs-pair/values", test_values);
  PF_TEST_ADD ("/gs-pair/proof", test_proof);
  PF_TEST_ADD ("/gs-pair/upper-case", test_upper_case);
  PF_TEST_ADD ("/gs-pair/certs", test_certs);
  PF_TEST_ADD ("/gs-pair/password", test_password);
  PF_TEST_ADD ("/gs-pair/client-checks", test_client_checks);
  return pf_test_run (argc, argv);
}
