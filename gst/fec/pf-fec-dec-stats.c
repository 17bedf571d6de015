/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What pffecdec counts; see pf-fec-dec-stats.h. */
#include "pf-fec-dec-stats.h"

/* Fields by the offset of a uint64_t in PfReassemblerStats. */
#define AT(field) G_STRUCT_OFFSET (PfReassemblerStats, field)
static const struct {
  const gchar *name;
  gsize at;
} fields[] = {
  { "packets", AT (packets) },
  { "packets-taken", AT (fates[PF_TAKEN]) },
  { "packets-filler", AT (fates[PF_TAKEN_FILLER]) },
  { "dropped-invalid", AT (fates[PF_DROP_INVALID]) },
  { "dropped-range", AT (fates[PF_DROP_RANGE]) },
  { "dropped-conflict", AT (fates[PF_DROP_CONFLICT]) },
  { "duplicates", AT (fates[PF_DROP_DUPLICATE]) },
  { "not-needed", AT (fates[PF_DROP_NOT_NEEDED]) },
  { "dropped-late", AT (fates[PF_DROP_LATE]) },
  { "dropped-far", AT (fates[PF_DROP_FAR]) },
  { "dropped-budget", AT (fates[PF_DROP_BUDGET]) },
  { "filler-packets", AT (filler_packets) },
  { "filler-bytes", AT (filler_bytes) },
  { "frames", AT (frames) },
  { "frames-restored", AT (frames_restored) },
  { "frames-lost", AT (frames_lost) },
  { "frames-evicted", AT (frames_evicted) },
  { "frames-broken", AT (frames_broken) },
  { "jumps", AT (jumps) },
  { "shards-restored", AT (shards_restored) },
  { "shards-late", AT (shards_late) },
  { "gathered-bytes", AT (gathered) },
};
#undef AT

static guint64
field_of (const PfReassemblerStats *stats, guint i)
{
  return *(const uint64_t *) G_STRUCT_MEMBER_P (stats, fields[i].at);
}

void
pf_fec_dec_stats_add (PfReassemblerStats *all, const PfReassemblerStats *stats)
{
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    *(uint64_t *) G_STRUCT_MEMBER_P (all, fields[i].at) += field_of (stats, i);
  if (stats->filler_packets > 0)
    all->filler_ns = stats->filler_ns;
  all->window = stats->window;
  all->memory = stats->memory;
  all->memory_peak = MAX (all->memory_peak, stats->memory_peak);
}

guint64
pf_fec_dec_stats_dropped (
    const PfReassemblerStats *stats, const PfFecDecCounters *counters)
{
  const uint64_t *fates = stats->fates;

  return fates[PF_DROP_INVALID] + fates[PF_DROP_RANGE] +
         fates[PF_DROP_CONFLICT] + fates[PF_DROP_LATE] + fates[PF_DROP_FAR] +
         fates[PF_DROP_BUDGET] + counters->unreadable;
}

GstStructure *
pf_fec_dec_stats_structure (
    const PfReassemblerStats *stats, const PfFecDecCounters *counters)
{
  GstStructure *s = gst_structure_new ("application/x-pf-fecdec-stats",
      "dropped", G_TYPE_UINT64, pf_fec_dec_stats_dropped (stats, counters),
      "unreadable", G_TYPE_UINT64, counters->unreadable, "bytes", G_TYPE_UINT64,
      counters->bytes, "pending", G_TYPE_UINT64, counters->pending, "filler-us",
      G_TYPE_UINT64, stats->filler_ns / 1000, "copies", G_TYPE_UINT64,
      counters->copies, "reports", G_TYPE_UINT64, counters->reports, "loss-ppm",
      G_TYPE_UINT, counters->loss_ppm, "window", G_TYPE_UINT, stats->window,
      "memory", G_TYPE_UINT64, (guint64) stats->memory, "memory-peak",
      G_TYPE_UINT64, (guint64) stats->memory_peak, "kernel", G_TYPE_STRING,
      pf_fec_kernel (), NULL);

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    gst_structure_set (
        s, fields[i].name, G_TYPE_UINT64, field_of (stats, i), NULL);
  return s;
}
