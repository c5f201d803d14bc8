/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/image_step.h"

enum mp_image_step mp_image_step(const char *policy, bool is_present)
{
	if (is_present && !mp_streq(policy, "Always"))
		return MP_IMAGE_USE;
	return mp_streq(policy, "Never") ? MP_IMAGE_REFUSE : MP_IMAGE_PULL;
}

void mp_image_say_present(struct mp_buf *out, const char *image)
{
	mp_buf_addf(out,
		    "Container image \"%s\" already present on machine and can be accessed by the "
		    "pod",
		    image);
}

void mp_image_say_pulled(struct mp_buf *out, const char *image, mp_nsec took, mp_nsec waiting,
			 int64_t bytes)
{
	char took_text[MP_TIME_TEXT_MAX], waiting_text[MP_TIME_TEXT_MAX];

	mp_buf_addf(
		out,
		"Successfully pulled image \"%s\" in %s (%s including waiting). Image size: %lld "
		"bytes.",
		image, mp_duration_text(took, took_text), mp_duration_text(waiting, waiting_text),
		(long long)bytes);
}

void mp_image_say_never(struct mp_buf *out, const char *image)
{
	mp_buf_addf(out, "Container image \"%s\" is not present with pull policy of Never", image);
}
