// SPDX-License-Identifier: MIT
#include "memory.h"

#include <linux/prctl.h>

#define PAGE 4096ul

_Bool reader_sees(struct reader *reader, uintptr_t address)
{
	uintptr_t page = address & ~(PAGE - 1);

	if (!page) /* NULL means "no set" to the probe */
		return 0;
	if (reader->page == page)
		return 1;
	if (!can_read8(page)) /* a page is readable as a whole or not at all */
		return 0;
	reader->page = page;
	return 1;
}

_Bool can_read(uintptr_t address, size_t size)
{
	struct reader reader = { 0 };
	uintptr_t page;

	if (address + size < address)
		return 0;
	for (page = address & ~(PAGE - 1); page < address + size; page += PAGE)
		if (!reader_sees(&reader, page))
			return 0;
	return 1;
}

_Bool can_overwrite(uintptr_t address, size_t size)
{
	uintptr_t at;

	for (at = address; at < address + size; at += PAGE)
		if (!can_overwrite8(at))
			return 0;
	return address + size >= address && can_overwrite8(address + size - 8);
}

_Bool can_change8(uintptr_t address)
{
	uint64_t was;

	if (!can_read8(address))
		return 0;
	was = *(const uint64_t *)address;
	if (!can_overwrite8(address))
		return 0;
	*(uint64_t *)address = was;
	return 1;
}

void put_word(uintptr_t address, uint32_t value)
{
	struct {
		const void *base;
		size_t size;
	} from = { &value, sizeof(value) }, to = { (const void *)address, sizeof(value) };
	long done;

	/*
	 * put_user writes a whole word or nothing, process_vm_writev the half that it can: so a word over the boundary of two pages is written by
	 * put_user first, with whatever value.
	 */
	if (address % PAGE > PAGE - sizeof(value) && CALL(__NR_prctl, PR_GET_PDEATHSIG, address) == -EFAULT)
		return;
	/* not CALL: the sixth argument is one, its flags */
	done = call6(__NR_process_vm_writev, (uint64_t)CALL(__NR_getpid), ARG(&from), 1, ARG(&to), 1, 0);

	if (done == -ENOSYS || done == -EPERM)
		*(volatile uint32_t *)address = value;
}
