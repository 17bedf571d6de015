/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The plot of `pf-probe loss`: above, how many frames were lost for good at
 * each loss, with the expected curve and the 95 % band; below, how long
 * restoring took. A colour is a percentage of parity, a shape is a field.
 */
#include <inttypes.h>
#include <math.h>

#include "pf.h"
#include "probe-report.h"

#define WIDTH 960
#define HEIGHT 760
#define LEFT 78.0
#define RIGHT 730.0
#define TOP 84.0
#define MIDDLE 456.0
#define TOP2 506.0
#define BOTTOM 690.0

/* Steps of the expected curve, unless that would take long. */
#define CURVE_STEPS 160
#define CURVE_WORK 2e8

typedef struct {
  const ProbeReport *report;
  FILE *to;
  double x_low, x_high, y2_high;
} Plot;

/* Okabe and Ito's colours, told apart by nearly all eyes. */
static const char *
colour (const ProbeReport *report, unsigned percent)
{
  static const char *const colours[] = { "#0072b2", "#d55e00", "#009e73",
    "#cc79a7", "#e69f00", "#56b4e9", "#444444", "#7a5195" };
  unsigned seen[8], n = 0, i;
  size_t r;

  for (r = 0; r < report->n_rows; r++) {
    unsigned p = report->rows[r].point.percent;

    for (i = 0; i < n && seen[i] != p; i++)
      ;
    if (p == percent)
      return colours[i % 8];
    if (i == n && n < 8)
      seen[n++] = p;
  }
  return colours[0];
}

static double
x_of (const Plot *p, double loss)
{
  return LEFT + (RIGHT - LEFT) * (loss - p->x_low) / (p->x_high - p->x_low);
}

static double
y_of (double share)
{
  return MIDDLE - (MIDDLE - TOP) * share;
}

static double
y2_of (const Plot *p, double us)
{
  return BOTTOM - (BOTTOM - TOP2) * us / p->y2_high;
}

/* 1, 2 or 5 times a power of ten, so that there are at most `most` steps. */
static double
step_for (double range, int most)
{
  double unit = pow (10, floor (log10 (range / most)));
  double times = range / most / unit;

  return unit * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

static void
line (const Plot *p, double x1, double y1, double x2, double y2,
    const char *class)
{
  fprintf (p->to,
      "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
      class, x1, y1, x2, y2);
}

static void
mark (const Plot *p, uint32_t scheme, double x, double y, const char *ink)
{
  /* One inside the other where both are the same. */
  if (scheme == PF_FEC_GF16)
    fprintf (p->to,
        "<path d=\"M%.1f %.1fl3.6 3.6 -3.6 3.6 -3.6 -3.6z\" fill=\"%s\"/>\n", x,
        y - 3.6, ink);
  else
    fprintf (p->to,
        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"white\" "
        "fill-opacity=\"0.6\" stroke=\"%s\" stroke-width=\"1.4\"/>\n",
        x, y, ink);
}

static void
axes (const Plot *p)
{
  double step, v;

  for (v = 0; v <= 100; v += 20) {
    double y = y_of (v / 100);

    line (p, LEFT, y, RIGHT, y, v > 0 ? "grid" : "axis");
    fprintf (p->to,
        "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%g "
        "%%</text>\n",
        LEFT - 8, y + 4, v);
  }
  step = step_for (p->y2_high, 4);
  for (v = 0; v <= p->y2_high * 1.0001; v += step) {
    double y = y2_of (p, v);

    line (p, LEFT, y, RIGHT, y, v > 0 ? "grid" : "axis");
    fprintf (p->to,
        "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" "
        "text-anchor=\"end\">%g</text>\n",
        LEFT - 8, y + 4, v);
  }
  step = step_for (p->x_high - p->x_low, 10);
  for (v = ceil (p->x_low / step - 1e-9) * step + 0.0; v <= p->x_high * 1.0001;
       v += step) {
    double x = x_of (p, v);

    line (p, x, TOP, x, MIDDLE, "grid");
    line (p, x, TOP2, x, BOTTOM, "grid");
    line (p, x, MIDDLE, x, MIDDLE + 5, "axis");
    line (p, x, BOTTOM, x, BOTTOM + 5, "axis");
    fprintf (p->to,
        "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" "
        "text-anchor=\"middle\">%g %%</text>\n",
        x, BOTTOM + 20, v);
  }
  line (p, LEFT, TOP, LEFT, MIDDLE, "axis");
  line (p, LEFT, TOP2, LEFT, BOTTOM, "axis");
  fprintf (p->to,
      "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">shards lost on the "
      "way</text>\n",
      (LEFT + RIGHT) / 2, BOTTOM + 42);
  fprintf (p->to,
      "<text text-anchor=\"middle\" transform=\"translate(22 %.1f) "
      "rotate(-90)\">frames beyond repair</text>\n",
      (TOP + MIDDLE) / 2);
  fprintf (p->to,
      "<text text-anchor=\"middle\" transform=\"translate(22 %.1f) "
      "rotate(-90)\">restoring a frame, &#181;s</text>\n",
      (TOP2 + BOTTOM) / 2);
}

/* The curve that rows[first .. last) ought to follow; or would, if all shards
 * were lost alone. */
static void
curve (const Plot *p, const ProbeRow *first, const ProbeRow *last, bool alone)
{
  const ProbePoint *q = &first->point;
  unsigned n = q->data + q->parity;
  bool coarse = !alone && p->report->bursty &&
                (double) n * q->parity * CURVE_STEPS > CURVE_WORK;
  int steps = coarse ? (int) (last - first) - 1 : CURVE_STEPS, i;

  fprintf (p->to, "<polyline class=\"%s\" stroke=\"%s\" points=\"",
      alone ? "alone" : "expected", colour (p->report, q->percent));
  for (i = 0; i <= steps; i++) {
    double loss = coarse
                      ? first[i].point.loss
                      : (p->x_low + (p->x_high - p->x_low) * i / steps) / 100;
    double share;
    ProbeChannel channel;

    if (coarse)
      share = first[i].result.expected;
    else if (alone || !p->report->bursty)
      share = probe_binomial_tail (n, q->parity, loss);
    else if (probe_channel_init_bursty (&channel, loss, p->report->bad_length,
                 p->report->bad_loss) == 0)
      share = probe_channel_tail (&channel, n, q->parity);
    else
      break;
    fprintf (p->to, "%.1f,%.1f ", x_of (p, loss * 100), y_of (share));
  }
  fprintf (p->to, "\"/>\n");
}

/* Where a frame count ought to be; the same for both fields. */
static void
bands (const Plot *p, const ProbeRow *first, const ProbeRow *last)
{
  const char *ink = colour (p->report, first->point.percent);
  const ProbeRow *r;

  for (r = first; r < last; r++) {
    double x = x_of (p, r->point.loss * 100), frames = r->point.frames;

    fprintf (p->to,
        "<line class=\"band\" stroke=\"%s\" x1=\"%.1f\" y1=\"%.1f\" "
        "x2=\"%.1f\" y2=\"%.1f\"/>\n",
        ink, x, y_of (r->result.band_low / frames) + 0.8, x,
        y_of (r->result.band_high / frames) - 0.8);
  }
}

static void
points (const Plot *p, const ProbeRow *first, const ProbeRow *last)
{
  const char *ink = colour (p->report, first->point.percent);
  const ProbeRow *r;

  for (r = first; r < last; r++)
    mark (p, r->point.scheme, x_of (p, r->point.loss * 100),
        y_of ((double) r->result.unrecoverable / r->point.frames), ink);
}

/* The median of a handful says nothing. */
static bool
timed (const ProbeRow *r)
{
  return r->result.recovered >= 10 ||
         (r->result.recovered > 0 && r->point.frames < 100);
}

static void
times (const Plot *p, const ProbeRow *first, const ProbeRow *last)
{
  const char *ink = colour (p->report, first->point.percent);
  const ProbeRow *r;

  fprintf (p->to, "<polyline class=\"%s\" stroke=\"%s\" points=\"",
      probe_scheme_name (first->point.scheme), ink);
  for (r = first; r < last; r++)
    if (timed (r))
      fprintf (p->to, "%.1f,%.1f ", x_of (p, r->point.loss * 100),
          y2_of (p, r->result.decode_us));
  fprintf (p->to, "\"/>\n");
  for (r = first; r < last; r++)
    if (timed (r))
      mark (p, r->point.scheme, x_of (p, r->point.loss * 100),
          y2_of (p, r->result.decode_us), ink);
}

/* End of the run of rows with the scheme and percentage of *first. */
static const ProbeRow *
curve_end (const ProbeReport *report, const ProbeRow *first)
{
  const ProbeRow *end = report->rows + report->n_rows, *r = first;

  while (r < end && r->point.scheme == first->point.scheme &&
         r->point.percent == first->point.percent)
    r++;
  return r;
}

static void
legend_text (const Plot *p, double y, const char *text)
{
  fprintf (p->to, "<text x=\"%.1f\" y=\"%.1f\">%s</text>\n", RIGHT + 66, y + 4,
      text);
}

static void
legend (const Plot *p)
{
  static const uint32_t schemes[] = { PF_FEC_GF8, PF_FEC_GF16 };
  const ProbeRow *end = p->report->rows + p->report->n_rows, *r;
  double x = RIGHT + 26, y = TOP + 8;
  char text[80];
  int i;

  fprintf (p->to, "<text class=\"head\" x=\"%.1f\" y=\"%.1f\">parity</text>\n",
      x, y);
  y += 22;
  for (r = p->report->rows;
       r < end && r->point.scheme == p->report->rows[0].point.scheme;
       r = curve_end (p->report, r)) {
    fprintf (p->to,
        "<line stroke=\"%s\" stroke-width=\"5\" x1=\"%.1f\" y1=\"%.1f\" "
        "x2=\"%.1f\" y2=\"%.1f\"/>\n",
        colour (p->report, r->point.percent), x, y, x + 30, y);
    snprintf (text, sizeof text, "%u %% (%u shard%s)", r->point.percent,
        r->point.parity, r->point.parity == 1 ? "" : "s");
    legend_text (p, y, text);
    y += 22;
  }
  y += 18;
  fprintf (p->to, "<text class=\"head\" x=\"%.1f\" y=\"%.1f\">frames</text>\n",
      x, y);
  y += 22;
  for (i = 0; i < 2; i++) {
    for (r = p->report->rows; r < end && r->point.scheme != schemes[i]; r++)
      ;
    if (r == end)
      continue;
    mark (p, schemes[i], x + 15, y, "#333");
    legend_text (
        p, y, schemes[i] == PF_FEC_GF16 ? "seen, GF(2^16)" : "seen, GF(2^8)");
    y += 22;
  }
  line (p, x, y, x + 30, y, "expected sample");
  legend_text (p, y, "expected");
  y += 22;
  if (p->report->bursty) {
    line (p, x, y, x + 30, y, "alone sample");
    legend_text (p, y, "if lost alone");
    y += 22;
  }
  line (p, x + 15, y - 8, x + 15, y + 8, "band sample");
  legend_text (p, y, "95 % of runs");

  y = TOP2 + 8;
  fprintf (p->to,
      "<text class=\"head\" x=\"%.1f\" y=\"%.1f\">median time</text>\n", x, y);
  y += 22;
  for (i = 0; i < 2; i++) {
    for (r = p->report->rows; r < end && r->point.scheme != schemes[i]; r++)
      ;
    if (r == end)
      continue;
    snprintf (text, sizeof text, "%s sample", probe_scheme_name (schemes[i]));
    line (p, x, y, x + 30, y, text);
    mark (p, schemes[i], x + 15, y, "#333");
    legend_text (p, y, schemes[i] == PF_FEC_GF16 ? "GF(2^16)" : "GF(2^8)");
    y += 22;
  }
}

static void
begin (const Plot *p)
{
  const ProbeReport *report = p->report;
  char channel[120];

  probe_channel_text (report, channel, sizeof channel);
  fprintf (p->to,
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
      "width=\"%d\" height=\"%d\" role=\"img\">\n"
      "<title>Frames beyond repair by shards lost</title>\n"
      "<style>\n"
      "text { font: 13px sans-serif; fill: #222 }\n"
      ".title { font-size: 19px; font-weight: bold }\n"
      ".head { font-weight: bold }\n"
      ".tick, .note { font-size: 12px; fill: #555 }\n"
      ".grid { stroke: #e4e4e4; stroke-width: 1 }\n"
      ".axis { stroke: #555; stroke-width: 1 }\n"
      ".expected { fill: none; stroke-width: 1.6 }\n"
      ".alone { fill: none; stroke-width: 1.2; stroke-dasharray: 1.5 3 }\n"
      ".band { stroke-width: 8; stroke-opacity: 0.28 }\n"
      ".gf8 { fill: none; stroke-width: 1.4; stroke-dasharray: 5 3 }\n"
      ".gf16 { fill: none; stroke-width: 1.4 }\n"
      ".sample { stroke: #333 }\n"
      "</style>\n"
      "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n",
      WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
  fprintf (p->to,
      "<text class=\"title\" x=\"%.1f\" y=\"34\">Frames beyond repair by "
      "shards lost</text>\n"
      "<text class=\"note\" x=\"%.1f\" y=\"58\">%u data shards of %zu bytes, "
      "%s, %u frames a point, seed %" PRIu64 ", kernel %s</text>\n",
      LEFT, LEFT, report->data, report->size, channel, report->frames,
      report->seed, pf_fec_kernel ());
}

void
probe_write_svg (const ProbeReport *report, FILE *to)
{
  Plot p = { report, to, 100, 0, 0 };
  const ProbeRow *end = report->rows + report->n_rows, *r, *last;

  for (r = report->rows; r < end; r++) {
    p.x_low = fmin (p.x_low, r->point.loss * 100);
    p.x_high = fmax (p.x_high, r->point.loss * 100);
    if (timed (r))
      p.y2_high = fmax (p.y2_high, r->result.decode_us * 1.1);
  }
  if (p.x_low >= p.x_high) { /* a single loss */
    p.x_low = 0;
    p.x_high = fmax (p.x_high, 1);
  }
  if (p.y2_high <= 0)
    p.y2_high = 1;

  begin (&p);
  axes (&p);
  for (r = report->rows; r < end; r = last) {
    last = curve_end (report, r);
    if (r->point.scheme == report->rows[0].point.scheme) {
      bands (&p, r, last);
      if (report->bursty)
        curve (&p, r, last, true);
      curve (&p, r, last, false);
    }
  }
  for (r = report->rows; r < end; r = last) {
    last = curve_end (report, r);
    points (&p, r, last);
    times (&p, r, last);
  }
  legend (&p);
  fprintf (to, "</svg>\n");
}
