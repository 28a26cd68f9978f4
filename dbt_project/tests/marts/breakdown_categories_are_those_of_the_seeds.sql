-- age bands and criteria have seeds of their own: a band or criterion added there must get its figures
select unit, breakdown, age_band as category
from {{ ref('age_bands') }}
except
select unit, breakdown, category
from {{ ref('breakdown_categories') }}

union all
(
    select 'crime' as unit, 'criterion ' || scheme as breakdown, criterion as category
    from {{ ref('criteria') }}
    except
    select unit, breakdown || ' ' || scheme as breakdown, category
    from {{ ref('breakdown_categories') }}
    where breakdown = 'criterion'
)
