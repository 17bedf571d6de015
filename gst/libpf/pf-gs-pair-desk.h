/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * All pairings of a GameStream host that go on at once: requests of HTTP in,
 * answers in XML out. Clients call themselves by a name that many share, so a
 * pairing belongs to that name and the address it comes from. There is one
 * for each, and not many in all; a PIN is for one of them by its number.
 *
 * Thread-safety: one thread per PfGsPairDesk.
 */
#ifndef PF_GS_PAIR_DESK_H
#define PF_GS_PAIR_DESK_H

#include "pf-gs-pair.h"
#include "pf-gs-xml.h"
#include "pf-punch.h"

#define PF_GS_PAIR_DESK_MAX 8
#define PF_GS_PAIR_NAME 64
/* Characters of the longest answer. */
#define PF_GS_PAIR_ANSWER (PF_GS_PAIR_TEXT + 256)

typedef struct PfGsPairDesk PfGsPairDesk;

/* Parameters of /pair; those that are missing have no size. */
typedef struct {
  PfPeerAddress peer;
  PfGsText unique_id, phrase, salt, client_cert;
  PfGsText challenge, response, secret;
  const uint8_t *der; /* over TLS: the client's certificate; NULL: plain */
  size_t der_size;
  uint8_t random[PF_GS_PAIR_RANDOM]; /* new for each request */
} PfGsPairRequest;

typedef enum {
  PF_GS_PAIR_ANSWERED = 1,
  PF_GS_PAIR_PARKED, /* until pin() or cancelled: nothing is written yet */
  PF_GS_PAIR_STORE,  /* answered, once *CLIENT was stored */
} PfGsPairResult;

/* HOST has its key and stays the caller's. Errors: PF_ERR_INVALID,
 * PF_ERR_NO_MEMORY. */
int pf_gs_pair_desk_new (const PfGsCert *host, PfGsPairDesk **desk);
void pf_gs_pair_desk_free (PfGsPairDesk *desk);

/*
 * A request. *ID is the number of its pairing, never 0 and never again.
 * *CLIENT, for STORE alone, is valid until the next call.
 */
PfGsPairResult pf_gs_pair_desk_request (PfGsPairDesk *desk,
    const PfGsPairRequest *request, uint64_t now_ns, PfGsWriter *writer,
    uint32_t *id, const PfGsCert **client);

/* A person's PIN for a pairing that waits for it: the answer for the parked
 * request, right or wrong cannot be known yet. Errors: PF_ERR_INVALID (no such
 * pairing waits, or it is no PIN: that pairing has failed). */
int pf_gs_pair_desk_pin (PfGsPairDesk *desk, uint32_t id, PfGsText pin,
    uint64_t now_ns, PfGsWriter *writer);

/* Numbers of those that wait for a PIN; how many. */
unsigned pf_gs_pair_desk_waiting (
    PfGsPairDesk *desk, uint64_t now_ns, uint32_t ids[PF_GS_PAIR_DESK_MAX]);

/* What became of it: FAILED for one that is not known any more. */
PfGsPairState pf_gs_pair_desk_state (const PfGsPairDesk *desk, uint32_t id);

/* /unpair, or its parked connection is gone. Stored pairings are not touched
 * by that: whoever asks has shown nothing. */
void pf_gs_pair_desk_cancel (PfGsPairDesk *desk, uint32_t id);
void pf_gs_pair_desk_unpair (
    PfGsPairDesk *desk, const PfPeerAddress *peer, PfGsText unique_id);

/* Is it the certificate of a pairing that may only confirm itself? */
bool pf_gs_pair_desk_may_confirm (
    PfGsPairDesk *desk, const uint8_t *der, size_t size, uint64_t now_ns);

#endif /* PF_GS_PAIR_DESK_H */
