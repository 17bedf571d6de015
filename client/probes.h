/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where frames are looked at on their way to the screen. */
#ifndef PF_CLIENT_PROBES_H
#define PF_CLIENT_PROBES_H

#include "measure.h"

/* On the elements named fec, decoder and sink inside BIN. NUMBERS: decoded
 * pictures are searched for the number of the test picture. */
void pf_probes_add (GstBin *bin, PfMeasure *measure, gboolean numbers);

/* Unix time, ns. */
guint64 pf_unix_time_ns (void);

#endif /* PF_CLIENT_PROBES_H */
