#ifndef C_ALLOCATION_COUNTER_H
#define C_ALLOCATION_COUNTER_H

/// How often the calling thread has asked for memory (malloc, calloc, realloc and the aligned ones)
/// since it began. Always 0 where the C library is not glibc: nothing is interposed there.
unsigned long quire_allocation_count(void);

/// 1 where allocations are counted.
int quire_counts_allocations(void);

#endif
