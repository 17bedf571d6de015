/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fuzz target for GameStream's pairing, the host's side. The input is steps,
 * each a byte and what it needs: a phase with the value that a right client
 * sends, with some digits changed, or with any text; or time. Only all phases
 * in their order with right values lead to a certificate to store.
 */
#include "fuzz-wire.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "pf-gs-pair.h"

enum { MAX_STEPS = 40, N_PHASES = 6 };

static PfGsCert *certs[2]; /* host, client; made once, of EC: quick */
static char values[5][PF_GS_PAIR_TEXT + 1], out[PF_GS_PAIR_TEXT + 1];
static const uint8_t random_bytes[PF_GS_PAIR_CLIENT_RANDOM] = { 1, 2, 3 };

static PfGsCert *
make_cert (void)
{
  char cert_pem[PF_GS_PEM_MAX], key_pem[PF_GS_PEM_MAX];
  EVP_PKEY *k = EVP_EC_gen ("P-256");
  BIO *bio = BIO_new (BIO_s_mem ());
  X509 *x = X509_new ();
  PfGsCert *c = NULL;
  int n, m;

  X509_set_pubkey (x, k);
  X509_gmtime_adj (X509_getm_notBefore (x), 0);
  X509_gmtime_adj (X509_getm_notAfter (x), 3600);
  FUZZ_CHECK (X509_sign (x, k, EVP_sha256 ()) > 0);
  PEM_write_bio_X509 (bio, x);
  n = BIO_read (bio, cert_pem, sizeof cert_pem);
  PEM_write_bio_PrivateKey (bio, k, NULL, NULL, 0, NULL, NULL);
  m = BIO_read (bio, key_pem, sizeof key_pem);
  FUZZ_CHECK (n > 0 && m > 0);
  FUZZ_CHECK (
      pf_gs_cert_new (cert_pem, (size_t) n, key_pem, (size_t) m, &c) == 0);
  BIO_free (bio);
  X509_free (x);
  EVP_PKEY_free (k);
  return c;
}

static PfGsText
text (const char *string)
{
  return (PfGsText){ string, strlen (string) };
}

/* What a right client sends. */
static void
prepare (void)
{
  PfGsPairClient *c;
  PfGsPairHost *h;

  certs[0] = make_cert ();
  certs[1] = make_cert ();
  FUZZ_CHECK (pf_gs_pair_client_new (certs[1], "4711", random_bytes, &c) == 0);
  FUZZ_CHECK (pf_gs_pair_host_new (certs[0], 0, random_bytes, &h) == 0);
  pf_gs_pair_client_salt (c, values[0]);
  pf_gs_pair_client_cert (c, values[1]);
  FUZZ_CHECK (
      pf_gs_pair_host_begin (h, text (values[0]), text (values[1]), 0) == 0);
  FUZZ_CHECK (pf_gs_pair_host_pin (h, "4711", 4, 0, out) == 0);
  FUZZ_CHECK (pf_gs_pair_client_challenge (c, text (out), values[2]) == 0);
  FUZZ_CHECK (pf_gs_pair_host_challenge (h, text (values[2]), 0, out) == 0);
  FUZZ_CHECK (pf_gs_pair_client_response (c, text (out), values[3]) == 0);
  FUZZ_CHECK (pf_gs_pair_host_response (h, text (values[3]), 0, out) == 0);
  FUZZ_CHECK (pf_gs_pair_client_secret (c, text (out), values[4]) == 0);
  pf_gs_pair_client_free (c);
  pf_gs_pair_host_free (h);
}

/* The value of a phase: right, changed, or any. */
static PfGsText
take_value (FuzzInput *in, uint32_t how, const char *right, bool *is_right)
{
  static char changed[PF_GS_PAIR_TEXT + 1];
  const size_t size = strlen (right);
  size_t n;

  *is_right = how == 0;
  if (how == 0)
    return text (right);
  if (how == 1) {
    memcpy (changed, right, size);
    n = fuzz_take16 (in) % size;
    *is_right = false;
    changed[n] = (char) (changed[n] ^ 1);
    return (PfGsText){ changed, size };
  }
  n = fuzz_take8 (in);
  if (n > in->n)
    n = in->n;
  in->bytes += n;
  in->n -= n;
  return (PfGsText){ (const char *) in->bytes - n, n };
}

static int
give (PfGsPairHost *h, unsigned phase, PfGsText v, bool right, uint64_t now)
{
  const PfGsText cert = text (values[1]);
  const uint8_t *der;
  size_t size;

  switch (phase) {
  case 0:
    return pf_gs_pair_host_begin (h, v, cert, now);
  case 1:
    return pf_gs_pair_host_pin (h, v.data, v.size, now, out);
  case 2:
    return pf_gs_pair_host_challenge (h, v, now, out);
  case 3:
    return pf_gs_pair_host_response (h, v, now, out);
  case 4:
    return pf_gs_pair_host_secret (h, v, now);
  default:
    der = pf_gs_cert_der (certs[right], &size);
    return pf_gs_pair_host_confirm (h, der, size, now);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n_bytes)
{
  static const char *const rights[N_PHASES] = { values[0], "4711", values[2],
    values[3], values[4], "0" };
  FuzzInput in = { bytes, n_bytes };
  PfGsPairHost *h;
  PfGsCert *any = NULL;
  unsigned due = 0;
  bool good = true; /* all values so far were right */
  uint64_t now = 0;

  if (!certs[0])
    prepare ();
  if (pf_gs_cert_new ((const char *) bytes, n_bytes, NULL, 0, &any) == 0)
    pf_gs_cert_free (any);
  FUZZ_CHECK (pf_gs_pair_host_new (certs[0], 0, random_bytes, &h) == 0);
  for (int i = 0; i < MAX_STEPS && in.n > 0; i++) {
    const uint32_t what = fuzz_take8 (&in);
    const unsigned phase = what % 8;
    PfGsText v;
    bool right;
    int ret;

    if (phase >= N_PHASES) {
      now += (uint64_t) fuzz_take8 (&in) * 1000000000;
      pf_gs_pair_host_tick (h, now);
      continue;
    }
    v = take_value (&in, what >> 3 & 3, rights[phase], &right);
    ret = give (h, phase, v, right, now);
    if (ret < 0) {
      FUZZ_CHECK (pf_gs_pair_host_state (h) == PF_GS_PAIR_FAILED);
      due = N_PHASES + 1;
    } else {
      FUZZ_CHECK (phase == due);
      due++;
    }
    /* the client's challenge is for the client to check */
    if (phase != 2)
      good &= right || pf_gs_text_equal_nocase (v, rights[phase]);
    if (pf_gs_pair_host_client (h))
      FUZZ_CHECK (good && due >= 5 && due <= N_PHASES);
    if (pf_gs_pair_host_state (h) == PF_GS_PAIR_DONE)
      FUZZ_CHECK (good && due == N_PHASES);
  }
  pf_gs_pair_host_free (h);
  return 0;
}
