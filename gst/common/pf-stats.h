/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Properties that are members of an element's structure, counters above all,
 * set and read by their offset instead of one case each:
 *
 *   static const gsize members[N_PROPS] = {
 *     [PROP_FRAMES] = G_STRUCT_OFFSET (PfFecEnc, counters.frames),
 *     ...
 *   };
 *
 * A stats structure is made of the same members with pf_fields_put().
 *
 * Thread-safety: call with the lock that guards the member.
 */
#ifndef PF_STATS_H
#define PF_STATS_H

#include "pf-fields.h"

G_BEGIN_DECLS

/* By the type of the value: uint, int, uint64, boolean, enum, string or boxed.
 * FALSE: at is 0, which stands for no member, or there is no way for such a
 * type. */
gboolean pf_member_set (gpointer object, gsize at, const GValue *value);
gboolean pf_member_get (gconstpointer object, gsize at, GValue *value);

/* A field of a stats structure that is a guint64 member. */
#define PF_COUNTER(type, member, name)                                         \
  PF_FIELD (type, UINT64, member, name, 0, G_MAXDOUBLE)

/* A read-only uint64 property. */
GParamSpec *pf_counter_spec (
    const gchar *name, const gchar *nick, const gchar *blurb);

/* The read-only property stats. */
GParamSpec *pf_stats_spec (void);

G_END_DECLS

#endif /* PF_STATS_H */
