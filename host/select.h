/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * From an offer to a plan: which codec, which encoder, which rate; or a refusal
 * that a person can act on. Nothing here has a side effect but self-tests.
 */
#ifndef PF_HOST_SELECT_H
#define PF_HOST_SELECT_H

#include "offer.h"
#include "pf-plan.h"
#include "pf-speeds.h"

typedef struct {
  PfCatalog *catalog;
  PfInventory *inventory;
  PfSpeeds *speeds; /* NULL: encoders are not tested (another machine) */
  GHashTable *use;  /* role: name of the fragment to use */
  const gchar *wire;
} PfSelect;

/* What a session gets. */
typedef struct {
  gchar *codec;
  guint width, height, fps; /* the display's mode */
  guint feed_fps;           /* what the encoder gets */
  guint bitrate_kbps;
  guint max_bitrate_kbps; /* that the encoder takes; 0: any */
  guint depth, chroma, channels;
  gboolean hdr;
  gchar *encoder; /* name of its fragment */
  gchar *note;    /* why it is not all that was asked for; NULL if it is */
  PfPlan *plan;
} PfGrant;

/* NULL with an error that names a mode that works, where there is one.
 * EXPLAIN (may be NULL) takes lines about every choice, also then. */
PfGrant *pf_select (
    PfSelect *select, const PfOffer *offer, GString *explain, GError **error);
void pf_grant_free (PfGrant *grant);

/* Whether there is an encoder for it that passed its self-test. */
gboolean pf_select_has (
    PfSelect *select, const gchar *codec, guint depth, guint chroma);

/* The codecs that can be offered at all, NULL at the end; tests encoders. */
gchar **pf_select_codecs (PfSelect *select);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PfGrant, pf_grant_free)

#endif /* PF_HOST_SELECT_H */
