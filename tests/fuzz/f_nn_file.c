/* f_nn_file.c: the file of a net, as it is and with its checksums set right, so that the layers
 * and tables behind them are reached; what loads must run. */
#include <string.h>
#include <zlib.h>
#include "nn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const char *p, size_t n)
{
	static const uint32_t id[] = { 1, 7, 4000000000u }, end[] = { 1, 3 };
	struct nn_net *net = nn_load_mem(sv_n(p, n), NULL);
	struct nn_pass *pass;
	struct nn_in in = { 0 };

	if (!net)
		return;
	for (int i = 0; i < NN_SLOTS; i++)
		in.slot[i] = (struct nn_slot){ .id = id, .n = 3, .end = end, .steps = 2 };
	pass = nn_pass_new(net);
	nn_run(pass, &in);
	nn_pass_free(pass);
	nn_unref(net);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(64) char buf[1 << 20];
	uint64_t n = size;
	uint32_t c;

	if (size > sizeof(buf))
		return 0;
	memcpy(buf, data, size);
	use(buf, size);
	if (size < 64)
		return 0;
	memcpy(buf + 24, &n, 8);
	c = (uint32_t)crc32(0, (Bytef *)buf + 64, (uInt)(size - 64));
	memcpy(buf + 32, &c, 4);
	c = (uint32_t)crc32(0, (Bytef *)buf, 36);
	memcpy(buf + 36, &c, 4);
	use(buf, size);
	return 0;
}
