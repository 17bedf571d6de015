/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's pairing on this host: requests of clients come from HTTP, their
 * PINs from people by way of PfTrust, and who is paired goes on a list of its
 * own, since that PIN can be found out by whoever listens on the way.
 *
 * Thread-safety: the main thread.
 */
#ifndef PF_HOST_GS_PAIR_H
#define PF_HOST_GS_PAIR_H

#include "gs-http.h"
#include "trust.h"

#include "pf-gs-cert.h"

typedef struct _PfGsPairing PfGsPairing;

/* HOST, TRUST and DEVICES stay the caller's. */
PfGsPairing *pf_gs_pairing_new (
    const PfGsCert *host, PfTrust *trust, PfDevices *devices);
/* When HTTP is gone. */
void pf_gs_pairing_free (PfGsPairing *pairing);

/* /pair and /unpair; both answer the call, now or later. */
void pf_gs_pairing_request (PfGsPairing *pairing, PfGsCall *call);
void pf_gs_pairing_unpair (PfGsPairing *pairing, PfGsCall *call);

/* A certificate that has one request left in a pairing. */
gboolean pf_gs_pairing_may_confirm (
    PfGsPairing *pairing, const guint8 *der, gsize size);

#endif /* PF_HOST_GS_PAIR_H */
