/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An endpoint's part in a session, for tests of the elements that ask it:
 * answers PfSessionParams on a pad of the harness. */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <gst/check/gstharness.h>

#include "pf-session.h"

typedef struct {
  GMutex lock;
  PfSessionState state;   /* lock; what is answered */
  PfSessionParams params; /* lock */
  guint asked, secrets;   /* lock; queries, and those with a secret */
} Endpoint;

/* No session yet; params are those of an ordinary punktfunk/1 session, not
 * sealed. Answers queries that come to the pad. */
void endpoint_init (Endpoint *endpoint, GstPad *pad);
void endpoint_clear (Endpoint *endpoint);

void endpoint_set_state (Endpoint *endpoint, PfSessionState state);

/* A key of these bytes, again and again. */
void endpoint_set_key (Endpoint *endpoint, PfAeadCipher cipher, guint8 fill);

#endif /* ENDPOINT_H */
