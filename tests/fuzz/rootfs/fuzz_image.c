/* SPDX-License-Identifier: Apache-2.0 */
/* A reference that parses must parse again from its own full text; records must not overrun. */
#include <stdlib.h>
#include <string.h>

#include "rootfs/image_record.h"
#include "rootfs/image_ref.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mp_arena arena = { .head = NULL };
	struct mp_image_record record;
	struct mp_image_ref ref, again;
	char full[MP_IMAGE_REF_MAX];
	char *text = calloc(1, size + 1);

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	(void)mp_image_record_parse(&arena, text, size, &record);
	if (mp_image_ref_parse(text, &ref, NULL) == 0) {
		if (mp_image_ref_parse(mp_image_ref_text(&ref, full), &again, NULL) != 0 ||
		    strcmp(ref.name, again.name) != 0 || strcmp(ref.digest, again.digest) != 0)
			abort();
	}
	free(text);
	mp_arena_done(&arena);
	return 0;
}
