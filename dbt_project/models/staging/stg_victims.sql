{{ staged_records('victims') }}
