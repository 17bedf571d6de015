/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's pairing, both ends: five phases in one legal order. The PIN is
 * made by the client and told to the host by a person; who listens on the way
 * can find it by trying all of them afterwards, so it is good for once.
 *
 * Values travel as hexadecimal text in queries and in XML; what is taken and
 * given here is that text.
 *
 *   client                        host
 *   salt, clientcert       ->     begin(), then a person says the PIN: pin()
 *                          <-     plaincert
 *   clientchallenge        ->     challenge()
 *                          <-     challengeresponse
 *   serverchallengeresp    ->     response()
 *                          <-     pairingsecret
 *   clientpairingsecret    ->     secret(): both ends had the same PIN, and
 *                                 the client has the key of its certificate
 *   phrase=pairchallenge   ->     confirm(): over TLS, with that certificate
 *
 * Anything else than what is due ends the host's ceremony, and it does not
 * begin again: one PIN, one attempt. Only after confirm() is there something
 * to store.
 *
 * Thread-safety: one thread per ceremony.
 */
#ifndef PF_GS_PAIR_H
#define PF_GS_PAIR_H

#include "pf-gs-cert.h"
#include "pf-gs-text.h"

#define PF_GS_PAIR_PIN 4
#define PF_GS_PAIR_RANDOM 32
#define PF_GS_PAIR_PIN_NS UINT64_C (180000000000) /* for a person */
#define PF_GS_PAIR_STEP_NS UINT64_C (60000000000) /* for each request */

/* Characters of the longest answer: a certificate. */
#define PF_GS_PAIR_TEXT (2 * PF_GS_PEM_MAX)

typedef enum {
  PF_GS_PAIR_NEW,
  PF_GS_PAIR_AWAIT_PIN,
  PF_GS_PAIR_AWAIT_CHALLENGE,
  PF_GS_PAIR_AWAIT_RESPONSE,
  PF_GS_PAIR_AWAIT_SECRET,
  PF_GS_PAIR_PROVEN, /* the certificate may come over TLS, to confirm */
  PF_GS_PAIR_DONE,   /* and is to be stored */
  PF_GS_PAIR_FAILED,
} PfGsPairState;

/* ---- Host --------------------------------------------------------------- */

typedef struct PfGsPairHost PfGsPairHost;

/* HOST has its key, and stays the caller's as long as the ceremony. Errors:
 * PF_ERR_INVALID, PF_ERR_NO_MEMORY. */
int pf_gs_pair_host_new (const PfGsCert *host, uint64_t now_ns,
    const uint8_t random[PF_GS_PAIR_RANDOM], PfGsPairHost **pair);

/* Wipes all secrets. */
void pf_gs_pair_host_free (PfGsPairHost *pair);

PfGsPairState pf_gs_pair_host_state (const PfGsPairHost *pair);
/* When it ends if nothing comes; UINT64_MAX. */
uint64_t pf_gs_pair_host_wake (const PfGsPairHost *pair);
void pf_gs_pair_host_tick (PfGsPairHost *pair, uint64_t now_ns);

/*
 * The phases. What each of them writes is hexadecimal, with a 0 at its end,
 * into OUT with room for PF_GS_PAIR_TEXT + 1.
 * Errors, with which the ceremony has failed: PF_ERR_INVALID (not due, or no
 * such values), PF_ERR_RANGE (too long), PF_ERR_AUTH (another PIN or key),
 * PF_ERR_UNSUPPORTED (OpenSSL failed).
 */
int pf_gs_pair_host_begin (
    PfGsPairHost *pair, PfGsText salt, PfGsText client_cert, uint64_t now_ns);
int pf_gs_pair_host_pin (PfGsPairHost *pair, const char *pin, size_t pin_size,
    uint64_t now_ns, char *out);
int pf_gs_pair_host_challenge (
    PfGsPairHost *pair, PfGsText challenge, uint64_t now_ns, char *out);
int pf_gs_pair_host_response (
    PfGsPairHost *pair, PfGsText response, uint64_t now_ns, char *out);
int pf_gs_pair_host_secret (
    PfGsPairHost *pair, PfGsText secret, uint64_t now_ns);
int pf_gs_pair_host_confirm (
    PfGsPairHost *pair, const uint8_t *der, size_t der_size, uint64_t now_ns);

/* The client's certificate, from PROVEN on; NULL before and after a
 * failure. */
const PfGsCert *pf_gs_pair_host_client (const PfGsPairHost *pair);

/* ---- Client ------------------------------------------------------------- */

#define PF_GS_PAIR_CLIENT_RANDOM 48

typedef struct PfGsPairClient PfGsPairClient;

/* CLIENT has its key. Salt, challenge and secret are cut from RANDOM. Errors:
 * PF_ERR_INVALID, PF_ERR_NO_MEMORY. */
int pf_gs_pair_client_new (const PfGsCert *client,
    const char pin[PF_GS_PAIR_PIN],
    const uint8_t random[PF_GS_PAIR_CLIENT_RANDOM], PfGsPairClient **pair);

void pf_gs_pair_client_free (PfGsPairClient *pair);

/* Parameters of the first request; OUT as above. */
void pf_gs_pair_client_salt (const PfGsPairClient *pair, char *out);
void pf_gs_pair_client_cert (const PfGsPairClient *pair, char *out);

/*
 * The answer to one request becomes the parameter of the next: plaincert,
 * challengeresponse, pairingsecret.
 * Errors: as above; of the last, PF_ERR_AUTH: the host was told another PIN, or
 * is another.
 */
int pf_gs_pair_client_challenge (
    PfGsPairClient *pair, PfGsText plain_cert, char *out);
int pf_gs_pair_client_response (
    PfGsPairClient *pair, PfGsText challenge_response, char *out);
int pf_gs_pair_client_secret (
    PfGsPairClient *pair, PfGsText pairing_secret, char *out);

/* Was it only the PIN? The host does have the key of its certificate. */
bool pf_gs_pair_client_wrong_pin (const PfGsPairClient *pair);

/* The host's certificate, once it is proven; NULL before. */
const PfGsCert *pf_gs_pair_client_host (const PfGsPairClient *pair);

#endif /* PF_GS_PAIR_H */
