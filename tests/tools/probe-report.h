/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What `pf-probe loss` found, as a table, as JSON and as a plot. */
#ifndef PROBE_REPORT_H
#define PROBE_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "probe-sim.h"

typedef struct {
  ProbePoint point;
  ProbeResult result;
} ProbeRow;

typedef struct {
  unsigned data;
  size_t size;
  unsigned frames;
  uint64_t seed;
  bool bursty;
  double bad_length, bad_loss; /* of a bursty channel */
  const ProbeRow *rows;        /* by scheme, then percentage, then loss */
  size_t n_rows;
} ProbeReport;

const char *probe_scheme_name (uint32_t scheme);

/* One line about the channel, for instance "random loss". */
void probe_channel_text (const ProbeReport *report, char *text, size_t size);

void probe_write_table (const ProbeReport *report, FILE *to);
void probe_write_json (const ProbeReport *report, FILE *to);

void probe_write_svg (const ProbeReport *report, FILE *to);

#endif /* PROBE_REPORT_H */
