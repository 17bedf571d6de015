/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Element pfvdisplaysrc; see pf-vdisplay-src.c. */
#ifndef PF_VDISPLAY_SRC_H
#define PF_VDISPLAY_SRC_H

#include <gst/base/gstpushsrc.h>

G_BEGIN_DECLS

#define PF_TYPE_VDISPLAY_SRC (pf_vdisplay_src_get_type ())
G_DECLARE_FINAL_TYPE (
    PfVDisplaySrc, pf_vdisplay_src, PF, VDISPLAY_SRC, GstPushSrc)

GST_ELEMENT_REGISTER_DECLARE (pfvdisplaysrc)

G_END_DECLS

#endif /* PF_VDISPLAY_SRC_H */
