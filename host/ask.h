/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Questions on the terminal that pf-host serve was started on: which device
 * wants to come in, one after the other.
 */
#ifndef PF_HOST_ASK_H
#define PF_HOST_ASK_H

#include "trust.h"

typedef struct _PfAsk PfAsk;

/* Whether standard input is a terminal on which we may ask. */
gboolean pf_ask_is_possible (void);

/* Reads FD. */
PfAsk *pf_ask_new (PfTrust *trust, int fd);
void pf_ask_free (PfAsk *ask);

/* A device waits, or does no more (NULL). */
void pf_ask_pending (PfAsk *ask, const PfPending *pending);

/* "NAME (fingerprint, address) wants to connect: ..." */
gchar *pf_ask_question (const PfPending *pending);

#endif /* PF_HOST_ASK_H */
