/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * All fragments that there are, and the choice among those of a role: every
 * requirement holds, then the highest rank, then the file name. Who is not
 * chosen has a reason.
 */
#ifndef PF_CATALOG_H
#define PF_CATALOG_H

#include "pf-inventory.h"

typedef struct {
  GPtrArray *fragments; /* PfFragment, by name */
  gchar **dirs;         /* where they were looked for, first wins */
} PfCatalog;

/* The directories in order: OPTION (may be NULL), the user's, the system's,
 * and what was installed, or the source tree where nothing was installed. */
gchar **pf_catalog_dirs (const gchar *option);
/* One bad file is an error: a catalog with holes would choose otherwise. */
PfCatalog *pf_catalog_load (gchar **dirs, GError **error);
void pf_catalog_free (PfCatalog *catalog);
const PfFragment *pf_catalog_find (const PfCatalog *catalog, const gchar *name);

/* What is wanted. */
typedef struct {
  const gchar *codec, *wire; /* NULL: any */
  PfValues *values;
  GHashTable *use;     /* role: name of the one fragment to use (may be NULL) */
  GHashTable *refused; /* name: why it is not to be used (may be NULL) */
  /* Set of names: whose probe was seen to open, and is believed from then on;
   * NULL: probes are opened for every choice. */
  GHashTable *opened;
} PfWish;

typedef struct {
  const PfFragment *fragment;
  gchar *reason;        /* NULL: the chosen one */
  gboolean other_codec; /* lost by that alone, which goes without saying */
} PfCandidate;

typedef struct {
  gchar *role;
  GPtrArray *candidates; /* PfCandidate, best first */
  const PfFragment *chosen;
} PfChoice;

PfChoice *pf_catalog_choose (const PfCatalog *catalog,
    const PfInventory *inventory, const gchar *role, const PfWish *wish);
void pf_choice_free (PfChoice *choice);
/* Lines for people: every candidate and why it lost. */
void pf_choice_print (const PfChoice *choice, GString *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PfCatalog, pf_catalog_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PfChoice, pf_choice_free)

#endif /* PF_CATALOG_H */
