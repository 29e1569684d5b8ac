// SPDX-License-Identifier: Apache-2.0
// Who holds what was made while reading.
#include "wire/intake.h"

void intake_keep(struct intake *in, struct shared *made) {
    made->holders = 1;
    vec_push(&in->made, made);
}

void intake_done(struct intake *in) {
    VEC_EACH (made, &in->made) shared_leave(*made);
    vec_done(&in->made);
}
