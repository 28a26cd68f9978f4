select
    cast(null as varchar) as identifying_set,
    cast(null as varchar) as records_of,
    cast(null as varchar) as known,
    cast(null as varchar) as who_knows_it,
    cast(null as bigint) as k,
    cast(null as bigint) as records,
    cast(null as bigint) as unique_records,
    cast(null as bigint) as below_k,
    cast(null as bigint) as smallest_k
where false
