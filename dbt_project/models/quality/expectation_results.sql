select
    cast(null as varchar) as suite,
    cast(null as varchar) as rule,
    cast(null as varchar) as checked_table,
    cast(null as varchar) as expectation,
    cast(null as varchar) as severity,
    cast(null as varchar) as dimension,
    cast(null as varchar) as verdict,
    cast(null as bigint) as tested,
    cast(null as bigint) as failed,
    cast(null as varchar) as error,
    cast(null as varchar) as statement,
    cast(null as varchar) as what_to_do,
    cast(null as varchar) as failing_keys
where false
