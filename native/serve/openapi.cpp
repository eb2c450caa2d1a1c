#include "native/serve/openapi.h"

namespace coppice::serve {

std::string_view openapi_document() {
  return R"json({
 "openapi": "3.1.0",
 "info": {
  "title": "coppice-serve",
  "version": "1",
  "description": "Sentiment of English reviews by small models. Texts are kept nowhere and stand in no log.",
  "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}
 },
 "paths": {
  "/v1/classify": {
   "post": {
    "operationId": "classify",
    "summary": "Judge one or many reviews by one, several or all models",
    "requestBody": {
     "required": true,
     "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ClassifyRequest"}}}
    },
    "responses": {
     "200": {
      "description": "A verdict a text, in order, for each model",
      "headers": {
       "Coppice-Instance": {
        "description": "Of the process that answered: its id and how long it has run, \"ID; uptime=SECONDS\". Younger than the request is old: a cold start",
        "schema": {"type": "string"}
       }
      },
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ClassifyAnswer"}}}
     },
     "400": {"$ref": "#/components/responses/Error"},
     "404": {"$ref": "#/components/responses/Error"},
     "408": {"$ref": "#/components/responses/Error"},
     "411": {"$ref": "#/components/responses/Error"},
     "413": {"$ref": "#/components/responses/Error"},
     "415": {"$ref": "#/components/responses/Error"},
     "429": {"$ref": "#/components/responses/Later"},
     "500": {"$ref": "#/components/responses/Error"},
     "503": {"$ref": "#/components/responses/Later"}
    }
   }
  },
  "/v1/models": {
   "get": {
    "operationId": "listModels",
    "summary": "The models that can be asked",
    "responses": {
     "200": {
      "description": "In the catalogue's order",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Models"}}}
     }
    }
   }
  },
  "/healthz": {
   "get": {
    "operationId": "health",
    "summary": "The process answers",
    "responses": {"200": {"description": "ok", "content": {"text/plain": {"schema": {"type": "string"}}}}}
   }
  },
  "/readyz": {
   "get": {
    "operationId": "ready",
    "summary": "Models are loaded and requests are taken",
    "responses": {
     "200": {"description": "ready", "content": {"text/plain": {"schema": {"type": "string"}}}},
     "503": {"description": "The server is stopping"}
    }
   }
  },
  "/metrics": {
   "get": {
    "operationId": "metrics",
    "summary": "Counters in Prometheus' text format",
    "responses": {"200": {"description": "Text format 0.0.4", "content": {"text/plain": {"schema": {"type": "string"}}}}}
   }
  },
  "/openapi.json": {
   "get": {
    "operationId": "openapi",
    "summary": "This document",
    "responses": {"200": {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}}}
   }
  }
 },
 "components": {
  "responses": {
   "Error": {
    "description": "What was wrong",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
   },
   "Later": {
    "description": "Too much to do, or stopping: ask again after Retry-After seconds",
    "headers": {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}},
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
   }
  },
  "schemas": {
   "ClassifyRequest": {
    "type": "object",
    "additionalProperties": false,
    "description": "Exactly one of text and texts; at most one of model and models, and without either every model",
    "properties": {
     "text": {"type": "string", "minLength": 1},
     "texts": {"type": "array", "minItems": 1, "maxItems": 256, "items": {"type": "string", "minLength": 1}},
     "model": {"type": "string", "minLength": 1},
     "models": {"type": "array", "minItems": 1, "maxItems": 16, "items": {"type": "string", "minLength": 1}},
     "include_usage": {"type": "boolean", "default": false, "description": "The answer carries its time, energy and carbon"}
    },
    "allOf": [
     {"oneOf": [{"required": ["text"]}, {"required": ["texts"]}]},
     {"not": {"required": ["model", "models"]}}
    ]
   },
   "ClassifyAnswer": {
    "type": "object",
    "required": ["models"],
    "properties": {
     "models": {
      "type": "array",
      "items": {
       "type": "object",
       "required": ["model", "milliseconds", "verdicts"],
       "properties": {
        "model": {"type": "string"},
        "milliseconds": {"type": "number", "minimum": 0, "description": "From asking the model to its answer, waiting for other requests included"},
        "verdicts": {"type": "array", "items": {"$ref": "#/components/schemas/Verdict"}},
        "usage": {"$ref": "#/components/schemas/Usage"}
       }
      }
     },
     "usage": {
      "$ref": "#/components/schemas/Usage",
      "description": "Of the whole answer: all models, and reading and writing it"
     }
    }
   },
   "Usage": {
    "type": "object",
    "description": "With include_usage. What is not known is left out: carbon without a place, all figures where the server keeps no account. A batch's time is shared by tokens.",
    "required": ["duration_seconds", "cpu_time_seconds"],
    "properties": {
     "duration_seconds": {"type": "number", "minimum": 0, "description": "That the server was busy with it; waiting is in milliseconds"},
     "cpu_time_seconds": {"type": "number", "minimum": 0},
     "energy_joules": {"$ref": "#/components/schemas/Figure", "description": "Processor and memory, times the PUE given"},
     "cpu_joules": {"$ref": "#/components/schemas/Figure"},
     "ram_joules": {"$ref": "#/components/schemas/Figure"},
     "carbon_grams_co2e": {"$ref": "#/components/schemas/Figure", "description": "Operational, location-based"},
     "intensity": {
      "type": "object",
      "description": "Carbon intensity that is applied",
      "required": ["intensity_g_per_kwh", "resolved", "place", "source", "year"],
      "properties": {
       "intensity_g_per_kwh": {"type": "number", "minimum": 0},
       "resolved": {"type": "string"},
       "place": {"type": "string"},
       "source": {"type": "string"},
       "year": {"type": ["integer", "null"]},
       "note": {"type": "string"}
      }
     }
    }
   },
   "Figure": {
    "type": "object",
    "required": ["value", "low", "high", "provenance", "method"],
    "properties": {
     "value": {"type": "number", "minimum": 0},
     "low": {"type": "number", "minimum": 0},
     "high": {"type": "number", "minimum": 0},
     "provenance": {"type": "string", "enum": ["measured", "modelled", "assumed", "mixed"]},
     "method": {"type": "string"}
    }
   },
   "Verdict": {
    "type": "object",
    "required": ["label", "score", "logits", "tokens", "truncated"],
    "properties": {
     "label": {"type": "string", "description": "positive or negative"},
     "score": {"type": "number", "minimum": 0.5, "maximum": 1, "description": "Probability of the label"},
     "logits": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
     "tokens": {"type": "integer", "minimum": 0, "description": "Judged; words of a linear model"},
     "truncated": {"type": "boolean"}
    }
   },
   "Models": {
    "type": "object",
    "required": ["models"],
    "properties": {
     "models": {
      "type": "array",
      "items": {
       "type": "object",
       "required": ["id", "architecture", "labels", "parameters"],
       "properties": {
        "id": {"type": "string"},
        "architecture": {"type": "string"},
        "labels": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "string"}},
        "parameters": {"type": "integer", "minimum": 0}
       }
      }
     }
    }
   },
   "Error": {
    "type": "object",
    "required": ["error"],
    "properties": {
     "error": {
      "type": "object",
      "required": ["code", "message"],
      "properties": {"code": {"type": "string"}, "message": {"type": "string"}}
     }
    }
   }
  }
 }
}
)json";
}

}  // namespace coppice::serve
