/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a machine has, as far as the choice of fragments asks. The real one
 * looks at this machine; one of a file describes another, so that a choice can
 * be explained and tested without its hardware.
 */
#ifndef PF_INVENTORY_H
#define PF_INVENTORY_H

#include "pf-fragment.h"

typedef struct {
  gchar *title;         /* one line for people */
  GHashTable *elements; /* set of names; NULL: ask GStreamer's registry */
  gchar **gpus;         /* vendors: nvidia, amd, intel, other */
  gchar *compositor;    /* NULL: none known */
  guint gst_minor;      /* of GStreamer 1.x */
} PfInventory;

PfInventory *pf_inventory_new_system (void);
/* [inventory] with title, elements, gpu, compositor, gstreamer. */
PfInventory *pf_inventory_load (const gchar *path, GError **error);
void pf_inventory_free (PfInventory *inventory);

gboolean pf_inventory_is_system (const PfInventory *inventory);
gboolean pf_inventory_has_element (
    const PfInventory *inventory, const gchar *name);

/* NULL if this machine meets [requires] but for codec and wire; else what is
 * missing. A probe runs on the real machine only. */
gchar *pf_inventory_refuse (
    const PfInventory *inventory, const PfFragment *fragment);

/* Whether the element that the fragment names as its probe reaches READY;
 * NULL if so, else why not. */
gchar *pf_inventory_probe (const PfFragment *fragment, const PfValues *values);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PfInventory, pf_inventory_free)

#endif /* PF_INVENTORY_H */
