/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Self-tests of encoders, kept between runs: by fragment, its expanded text,
 * the versions of the elements in it, the processor and the GPU's driver. What
 * failed, or failed in a session later, is tested anew.
 */
#ifndef PF_SPEEDS_H
#define PF_SPEEDS_H

#include "pf-inventory.h"
#include "pf-speed.h"

typedef struct _PfSpeeds PfSpeeds;

/* PATH: NULL for the user's cache directory. COMMAND: a program and its
 * arguments (may be NULL); with the fragment's name behind them it prints what
 * pf_speed_to_text() says. An encoder that hangs or crashes then does so in a
 * process of its own, which is given up after some seconds. Without it the
 * test runs in this process. */
PfSpeeds *pf_speeds_open (const gchar *path, const gchar *const *command);
void pf_speeds_close (PfSpeeds *speeds);

/* Measured now unless it is known; belongs to SPEEDS. */
const PfSpeed *pf_speeds_get (PfSpeeds *speeds, const PfFragment *fragment);
/* NULL if it is not known. */
const PfSpeed *pf_speeds_peek (PfSpeeds *speeds, const PfFragment *fragment);
/* How many were measured in this run. */
guint pf_speeds_measured (const PfSpeeds *speeds);
/* It failed: the next get measures again. */
void pf_speeds_forget (PfSpeeds *speeds, const gchar *name);
/* It was too slow for somebody, and maybe only because the machine was busy
 * when it was tested: the next run tests again, and the better result counts.
 * After three tests there is no doubt left. */
void pf_speeds_doubt (PfSpeeds *speeds, const PfFragment *fragment);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PfSpeeds, pf_speeds_close)

#endif /* PF_SPEEDS_H */
