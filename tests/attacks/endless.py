"""Makes the command line of this process so many GiB long, as any process can (PR_SET_MM_MAP)."""

import ctypes
import sys
import time

FIELDS = ("start_code end_code start_data end_data start_brk brk start_stack "
          "arg_start arg_end env_start env_end auxv").split()


class Map(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in FIELDS] + [
        ("auxv_size", ctypes.c_uint32), ("exe_fd", ctypes.c_uint32)]


libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = libc.sbrk.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
size = int(sys.argv[1]) << 30
# Private, anonymous and not reserved: pages that are only read take no memory.
begin = libc.mmap(None, size, 1, 0x4022, -1, 0)
with open("/proc/self/stat", encoding="ascii") as file:
    stat = [0, 0, 0] + file.read().rsplit(")", 1)[1].split()
end = begin + size - 4096
new = Map(int(stat[26]), int(stat[27]), int(stat[45]), int(stat[46]), int(stat[47]), libc.sbrk(0),
          int(stat[28]), begin, end, end, end, 0, 0, 0xFFFFFFFF)
if libc.prctl(35, 14, ctypes.byref(new), ctypes.sizeof(new), 0) != 0:
    sys.exit(f"prctl: {ctypes.get_errno()}")
print("endless", flush=True)
time.sleep(1000)
