-- no record is lost and none is made: received = accepted + rejected + duplicate + superseded
select *
from {{ ref('balance') }}
where received <> accepted + rejected + duplicate + superseded
