/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Table and JSON of `pf-probe loss`; pf-probe.1 explains the columns. */
#include "probe-report.h"

#include <inttypes.h>

#include "pf.h"

typedef struct {
  uint64_t frames, intact, recovered, unrecoverable, outside;
  uint64_t shards_sent, shards_lost;
} Totals;

const char *
probe_scheme_name (uint32_t scheme)
{
  return scheme == PF_FEC_GF16 ? "gf16" : "gf8";
}

void
probe_channel_text (const ProbeReport *report, char *text, size_t size)
{
  if (!report->bursty)
    snprintf (text, size, "random loss");
  else if (report->bad_loss >= 1)
    snprintf (
        text, size, "bursts of %g shards in the mean", report->bad_length);
  else
    snprintf (text, size, "bad spells of %g shards in the mean that lose %g %%",
        report->bad_length, report->bad_loss * 100);
}

static bool
outside (const ProbeResult *r)
{
  return r->unrecoverable < r->band_low || r->unrecoverable > r->band_high;
}

static Totals
add_up (const ProbeReport *report)
{
  Totals t = { 0, 0, 0, 0, 0, 0, 0 };
  size_t i;

  for (i = 0; i < report->n_rows; i++) {
    const ProbeResult *r = &report->rows[i].result;

    t.frames += report->rows[i].point.frames;
    t.intact += r->intact;
    t.recovered += r->recovered;
    t.unrecoverable += r->unrecoverable;
    t.outside += outside (r);
    t.shards_sent += r->shards_sent;
    t.shards_lost += r->shards_lost;
  }
  return t;
}

void
probe_write_table (const ProbeReport *report, FILE *to)
{
  char channel[120];
  Totals t = add_up (report);
  size_t i;

  probe_channel_text (report, channel, sizeof channel);
  fprintf (to,
      "%u data shards of %zu bytes, %s, %u frames a point, seed %" PRIu64
      ", kernel %s\n",
      report->data, report->size, channel, report->frames, report->seed,
      pf_fec_kernel ());
  for (i = 0; i < report->n_rows; i++) {
    const ProbePoint *p = &report->rows[i].point;
    const ProbeResult *r = &report->rows[i].result;
    double frames = p->frames;

    if (i == 0 || p->scheme != report->rows[i - 1].point.scheme ||
        p->percent != report->rows[i - 1].point.percent) {
      fprintf (to,
          "\n%s, %u %% parity: %u shards, overhead %.1f %%, encoding %.1f "
          "us\n",
          probe_scheme_name (p->scheme), p->percent, p->parity,
          100.0 * p->parity / p->data, r->encode_us);
      fprintf (to, "%7s %8s %9s %13s %9s %14s%s %9s %9s\n", "loss %", "intact",
          "recovered", "unrecoverable", "expected", "95 % band",
          report->bursty ? "  binomial" : "", "decode us", "worst");
    }
    fprintf (to, "%7g %8u %9u %13u %9.1f %6u .. %-4u%c", p->loss * 100,
        r->intact, r->recovered, r->unrecoverable, r->expected * frames,
        r->band_low, r->band_high, outside (r) ? '!' : ' ');
    if (report->bursty)
      fprintf (to, " %9.1f", r->binomial * frames);
    if (r->recovered > 0)
      fprintf (to, " %9.1f %9.1f\n", r->decode_us, r->decode_us_worst);
    else
      fprintf (to, " %9s %9s\n", "-", "-");
  }
  fprintf (to,
      "\n%" PRIu64 " frames, every byte compared: %" PRIu64 " intact, %" PRIu64
      " recovered, %" PRIu64 " unrecoverable\n%zu points, %" PRIu64
      " outside the 95 %% band (marked !, about %.0f ought to be)\n",
      t.frames, t.intact, t.recovered, t.unrecoverable, report->n_rows,
      t.outside, 0.05 * (double) report->n_rows);
}

void
probe_write_json (const ProbeReport *report, FILE *to)
{
  Totals t = add_up (report);
  size_t i;

  fprintf (to,
      "{\n  \"program\": \"pf-probe loss\",\n  \"kernel\": \"%s\",\n"
      "  \"data\": %u,\n  \"size\": %zu,\n  \"frames\": %u,\n"
      "  \"seed\": %" PRIu64 ",\n  \"pattern\": \"%s\",\n",
      pf_fec_kernel (), report->data, report->size, report->frames,
      report->seed, report->bursty ? "bursty" : "random");
  if (report->bursty)
    fprintf (to, "  \"burst\": %.6g,\n  \"bad_loss_percent\": %.6g,\n",
        report->bad_length, report->bad_loss * 100);
  fprintf (to, "  \"points\": [");
  for (i = 0; i < report->n_rows; i++) {
    const ProbePoint *p = &report->rows[i].point;
    const ProbeResult *r = &report->rows[i].result;

    fprintf (to,
        "%s\n    {\"scheme\": \"%s\", \"parity_percent\": %u, \"parity\": %u, "
        "\"overhead_percent\": %.4f, \"loss_percent\": %.6g,\n"
        "     \"intact\": %u, \"recovered\": %u, \"unrecoverable\": %u, "
        "\"expected\": %.6g, \"binomial\": %.6g, \"band_95\": [%u, %u],\n"
        "     \"shards_sent\": %" PRIu64 ", \"shards_lost\": %" PRIu64
        ", \"encode_us\": %.3f, \"decode_us\": ",
        i > 0 ? "," : "", probe_scheme_name (p->scheme), p->percent, p->parity,
        100.0 * p->parity / p->data, p->loss * 100, r->intact, r->recovered,
        r->unrecoverable, r->expected * p->frames, r->binomial * p->frames,
        r->band_low, r->band_high, r->shards_sent, r->shards_lost,
        r->encode_us);
    if (r->recovered > 0)
      fprintf (to, "%.3f, \"decode_us_worst\": %.3f}", r->decode_us,
          r->decode_us_worst);
    else
      fprintf (to, "null, \"decode_us_worst\": null}");
  }
  fprintf (to,
      "\n  ],\n  \"totals\": {\"points\": %zu, \"frames\": %" PRIu64
      ", \"intact\": %" PRIu64 ", \"recovered\": %" PRIu64
      ", \"unrecoverable\": %" PRIu64 ", \"outside_band_95\": %" PRIu64
      ", \"shards_sent\": %" PRIu64 ", \"shards_lost\": %" PRIu64 "}\n}\n",
      report->n_rows, t.frames, t.intact, t.recovered, t.unrecoverable,
      t.outside, t.shards_sent, t.shards_lost);
}
