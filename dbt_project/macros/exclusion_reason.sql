{#
    Why a crime is not in the CPAI, the first reason that applies in the design's order; null when it is in. `cancelled`
    is the condition for a cancelled crime. What it reads (columns of these names): offence_class, offence_code,
    offence_group, names_a_child, image, counts_only_when_flagged, recorded_on, quarter, youngest_victim,
    is_csa_flagged, is_cse_flagged.
#}
{% macro exclusion_reason(cancelled) %}
        case
            when offence_class = 'N100' then 'not_a_crime'
            when {{ cancelled }} then 'cancelled'
            when {{ quarter_of('recorded_on') }} <> quarter then 'wrong_quarter'
            when offence_code is null then 'unknown_code'
            when offence_group = 'out_of_scope' then 'not_in_scope'
            when counts_only_when_flagged = 'Y' and not is_cse_flagged then 'not_in_scope'
            -- class 86 is about three quarters images of children by volume: without a sub-code only the flag shows it
            when image = 'C' and not is_csa_flagged then 'image_without_subcode'
            when names_a_child <> 'Y' and youngest_victim >= 18 then 'adult_victim'
            when names_a_child <> 'Y' and youngest_victim is null and not is_csa_flagged and not is_cse_flagged
                then 'child_not_shown'
        end
{%- endmacro %}
